package policy

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
)

// read compiles a cluster under a profile.
func read(t *testing.T, profile *cluster.PolicyProfile, texts ...string) *Tables {
	t.Helper()
	in, err := manifest.Parse("test.yaml", []byte(strings.Join(texts, "\n---\n")), manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range in.Warnings {
		t.Log(w)
	}
	return Compile(in.Snapshot, cluster.NewIndex(in.Snapshot), profile)
}

func letter() *cluster.PolicyProfile { return &cluster.PolicyProfile{Name: "generic", Enforces: true} }

// party is a pod as namespace/name, an address, or "" for an address that is
// not known.
func (t *Tables) party(who string) Party {
	if ns, name, ok := strings.Cut(who, "/"); ok {
		p := t.index.Pod(ns, name)
		return Party{Addr: p.IPs[0], Pod: p}
	}
	if who == "" {
		return Party{}
	}
	return Party{Addr: netip.MustParseAddr(who)}
}

// ask asks about one packet, given as "6379" or "53/udp".
func (t *Tables) ask(d Direction, subject, peer, port string) Decision {
	return t.Judge(t.question(d, subject, peer, port))
}

func (t *Tables) question(d Direction, subject, peer, port string) Question {
	proto, number := flow.TCP, uint16(0)
	n, p, has := strings.Cut(port, "/")
	if has {
		proto, _ = flow.ParseProtocol(p)
	}
	for _, c := range n {
		number = number*10 + uint16(c-'0')
	}
	return Question{Direction: d, Subject: t.party(subject), Peer: t.party(peer), Protocol: proto, Port: number}
}

func (v Verdict) String() string {
	return [...]string{"undecided", "not isolated", "admitted", "denied"}[v]
}

// pods of three namespaces; project=myproject is the documentation's.
const pods = `
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 10.9.0.1}], conditions: [{type: Ready, status: "True"}]}}
- {apiVersion: v1, kind: Namespace, metadata: {name: default, labels: {kubernetes.io/metadata.name: default}}}
- {apiVersion: v1, kind: Namespace, metadata: {name: mine, labels: {kubernetes.io/metadata.name: mine, project: myproject}}}
- {apiVersion: v1, kind: Namespace, metadata: {name: other, labels: {kubernetes.io/metadata.name: other, project: theirs}}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: default, name: db, labels: {role: db}}, spec: {nodeName: n1, containers: [{name: c, ports: [{name: redis, containerPort: 6379}, {name: metrics, containerPort: 9121}]}]}, status: {phase: Running, podIPs: [{ip: 10.244.0.1}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: default, name: db2, labels: {role: db, old: "yes"}}, spec: {nodeName: n1, containers: [{name: c, ports: [{name: redis, containerPort: 6380}]}]}, status: {phase: Running, podIPs: [{ip: 10.244.0.2}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: default, name: web, labels: {role: frontend}}, spec: {nodeName: n1, containers: [{name: c}]}, status: {phase: Running, podIPs: [{ip: 10.244.0.3}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: default, name: other, labels: {role: other}}, spec: {nodeName: n1, containers: [{name: c}]}, status: {phase: Running, podIPs: [{ip: 10.244.0.4}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: mine, name: any, labels: {role: batch}}, spec: {nodeName: n1, containers: [{name: c}]}, status: {phase: Running, podIPs: [{ip: 10.244.0.5}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: mine, name: web, labels: {role: frontend}}, spec: {nodeName: n1, containers: [{name: c}]}, status: {phase: Running, podIPs: [{ip: 10.244.0.6}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: other, name: web, labels: {role: frontend}}, spec: {nodeName: n1, containers: [{name: c}]}, status: {phase: Running, podIPs: [{ip: 10.244.0.7}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: default, name: host, labels: {role: db}}, spec: {nodeName: n1, hostNetwork: true, containers: [{name: c}]}, status: {phase: Running, hostIP: 10.9.0.1, podIPs: [{ip: 10.9.0.1}]}}
`

// documented is the example of concepts/services-networking/network-policies.
const documented = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: test-network-policy
  namespace: default
spec:
  podSelector:
    matchLabels:
      role: db
  policyTypes:
  - Ingress
  - Egress
  ingress:
  - from:
    - ipBlock:
        cidr: 172.17.0.0/16
        except:
        - 172.17.1.0/24
    - namespaceSelector:
        matchLabels:
          project: myproject
    - podSelector:
        matchLabels:
          role: frontend
    ports:
    - protocol: TCP
      port: 6379
  egress:
  - to:
    - ipBlock:
        cidr: 10.0.0.0/24
    ports:
    - protocol: TCP
      port: 5978
`

// netpol is a policy of namespace default from the lines of its spec.
func netpol(name, spec string) string {
	return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {namespace: default, name: " + name + "}\nspec: {" + spec + "}\n"
}
