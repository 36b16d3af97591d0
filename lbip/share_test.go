package lbip

import (
	"testing"

	"github.com/portolan-net/portolan/flow"
)

// MetalLB, Usage, "IP address sharing": "They both have the same sharing key.
// They request the use of different ports (e.g. tcp/80 for one and tcp/443 for
// the other). They both use the Cluster external traffic policy, or they both
// point to the exact same set of pods (i.e. the pod selectors are identical)."
// Where a line is about the code and not the manual, allocator.go or
// k8salloc.go stands behind it.
func TestShare(t *testing.T) {
	for _, c := range []struct {
		name, a, b string
		want       flow.Code
	}{
		{"the manual's example", "tcp key=k 53", "udp key=k 53/udp", flow.CodeShareCluster},
		{"different ports", "http key=k 80", "https key=k 443", flow.CodeShareCluster},
		{"no key at all", "a 80", "b 443", flow.CodeShareNoKey},
		{"only one has a key", "a key=k 80", "b 443", flow.CodeShareNoKey},
		{"the other has a key", "a 80", "b key=k 443", flow.CodeShareNoKey},
		{"an empty key is none", "a key= 80", "b key= 443", flow.CodeShareNoKey},
		{"keys differ", "a key=k 80", "b key=K 443", flow.CodeShareKeys},
		{"keys know no namespace (code)", "a key=k 80", "b ns=other key=k 443", flow.CodeShareCluster},
		{"old prefix", "a oldkey=k 80", "b key=k 443", flow.CodeShareCluster},
		{"the new prefix wins", "a key=k oldkey=x 80", "b oldkey=k 443", flow.CodeShareCluster},
		{"the new prefix wins, empty too (code)", "a key= oldkey=k 80", "b key=k 443", flow.CodeShareNoKey},
		{"both Local, other pods", "a key=k Local 80", "b key=k Local 443", flow.CodeShareSelectors},
		{"both Local, the same pods", "a key=k Local sel=app:x,tier:y 80", "b key=k Local sel=tier:y,app:x 443", flow.CodeShareSelector},
		{"a selector that selects the same but reads otherwise (code)", "a key=k Local sel=app:x 80", "b key=k Local sel=app:x,all:yes 443", flow.CodeShareSelectors},
		{"the same text in two namespaces (code)", "a key=k Local sel=app:x 80", "b ns=other key=k Local sel=app:x 443", flow.CodeShareSelector},
		{"one Local", "a key=k Local 80", "b key=k 443", flow.CodeSharePolicies},
		{"one Local, the same selector", "a key=k Local sel=app:x 80", "b key=k sel=app:x 443", flow.CodeSharePolicies},
		{"Local without a selector counts as Cluster (code)", "a key=k Local sel= 80", "b key=k 443", flow.CodeShareCluster},
		{"Local without and with a selector (code)", "a key=k Local sel= 80", "b key=k Local 443", flow.CodeShareSelectors},
		{"the same port", "a key=k 80", "b key=k 80", flow.CodeSharePort},
		{"one of several ports", "a key=k 80 443", "b key=k 8443 443", flow.CodeSharePort},
		{"SCTP is a protocol too", "a key=k 80 80/udp", "b key=k 80/sctp", flow.CodeShareCluster},
		{"the key comes before the port", "a key=k 80", "b 80", flow.CodeShareNoKey},
	} {
		a, b := svc(c.a), svc(c.b)
		ok, why := Share(&a, &b)
		if want := c.want == flow.CodeShareCluster || c.want == flow.CodeShareSelector; ok != want || why.Code != c.want {
			t.Errorf("%s: %v because %s, want %s", c.name, ok, why, c.want)
		}
		if turned, _ := Share(&b, &a); turned != ok {
			t.Errorf("%s: the other way round it is %v", c.name, turned)
		}
	}
}

// The reason names both, and what differs.
func TestShareNames(t *testing.T) {
	ssh, http := svc("ssh key=vip Local 22"), svc("http key=vip 80")
	_, why := Share(&ssh, &http)
	if got, want := why.String(), "share-policies-differ: @one-address, test/ssh, test/http, Local, Cluster"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
