package policy

import (
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// A rule that opens the port of a Service, and not the one its pods listen on, is
// told of; of any other rule nothing is.
func TestDescribeServicePort(t *testing.T) {
	service := func(namespace, selector, ports string) string {
		return "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: " + namespace + "}, spec: {" + selector + "clusterIP: 10.96.0.5, ports: [" + ports + "]}}"
	}
	const (
		web  = "selector: {role: frontend}, "
		toDB = "{podSelector: {matchLabels: {role: db}}}"
		toUs = "{namespaceSelector: {matchLabels: {project: myproject}}}"
	)
	egress := func(to, port string) string {
		return "podSelector: {}, policyTypes: [Egress], egress: [{to: [" + to + "], ports: [" + port + "]}]"
	}
	ingress := func(role, port string) string {
		return "podSelector: {matchLabels: {role: " + role + "}}, ingress: [{ports: [" + port + "]}]"
	}
	for _, tt := range []struct{ name, service, spec, want string }{
		{"another target port", service("default", web, "{port: 80, targetPort: 8080}"), ingress("frontend", "{port: 80}"), "80|default/s|8080"},
		{"another target port by its name", service("default", web, "{port: 80, targetPort: http}"), ingress("frontend", "{port: 80}"), "80|default/s|http"},
		{"the same target port", service("default", web, "{port: 80}"), ingress("frontend", "{port: 80}"), "none"},
		{"a range of ports", service("default", web, "{port: 80, targetPort: 8080}"), ingress("frontend", "{port: 80, endPort: 81}"), "none"},
		{"another protocol", service("default", web, "{port: 80, targetPort: 8080}"), ingress("frontend", "{port: 80, protocol: UDP}"), "none"},
		{"two protocols", service("default", web, "{name: u, protocol: UDP, port: 80, targetPort: 81}, {name: t, port: 80, targetPort: 8080}"), ingress("frontend", "{port: 80}"), "80|default/s|8080"},
		{"the pods listen on it", service("default", "selector: {role: db}, ", "{port: 6379, targetPort: 9121}"), ingress("db", "{port: 6379}"), "none"},
		{"of other pods", service("default", web, "{port: 80, targetPort: 8080}"), ingress("db", "{port: 80}"), "none"},
		{"of no pods in particular", service("default", "", "{port: 80, targetPort: 8080}"), ingress("frontend", "{port: 80}"), "none"},
		{"of another namespace", service("mine", web, "{port: 80, targetPort: 8080}"), ingress("frontend", "{port: 80}"), "none"},
		{"egress to its pods", service("mine", web, "{port: 80, targetPort: 8080}"), egress(toUs, "{port: 80}"), "80|mine/s|8080"},
		{"egress to its pods and others", service("mine", web, "{port: 80, targetPort: 8080}"), egress(toDB+", "+toUs, "{port: 53}, {port: 80}"), "80|mine/s|8080"},
		{"such pods are here, and its namespace is asked for others", service("mine", "selector: {role: db}, ", "{port: 80, targetPort: 8080}"), egress(toDB+", "+toUs, "{port: 80}"), "none"},
		{"egress says nothing of its own pods", service("default", web, "{port: 80, targetPort: 8080}"), egress(toUs, "{port: 80}"), "none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := read(t, letter(), pods, tt.service, netpol("p", tt.spec)).described(t, "p")
			wantText(t, "the note", note(d.Notes, flow.CodeDescribeServicePort), tt.want)
		})
	}
}

// The Service is known by its port and protocol, and only in front of pods that do
// not listen on that port.
func TestServiceWith(t *testing.T) {
	tables := read(t, letter(), pods, `{apiVersion: v1, kind: Service, metadata: {name: s, namespace: default}, spec: {
  selector: {role: frontend}, clusterIP: 10.96.0.5, ports: [{name: u, protocol: UDP, port: 80, targetPort: 81}, {name: t, port: 80, targetPort: 8080}]}}`)
	d := tables.Describer()
	var web, db []*cluster.Pod
	for i := range tables.snapshot.Pods {
		switch p := &tables.snapshot.Pods[i]; p.Namespace + "/" + p.Name {
		case "default/web":
			web = append(web, p)
		case "default/db":
			db = append(db, p)
		}
	}
	for _, tt := range []struct {
		proto flow.Protocol
		port  uint16
		pods  []*cluster.Pod
		want  string
	}{
		{flow.TCP, 80, web, "t"},
		{flow.UDP, 80, web, "u"},
		{flow.SCTP, 80, web, ""},
		{flow.TCP, 79, web, ""},
		{flow.TCP, 8080, web, ""},
		{flow.TCP, 80, db, ""},
	} {
		svc, port := d.ServiceWith(tt.proto, tt.port, tt.pods)
		got := ""
		if svc != nil && port != nil && svc.Name == "s" {
			got = port.Name
		}
		if got != tt.want || (svc == nil) != (tt.want == "") {
			t.Errorf("%s %d of %s: %v %q, want %q", tt.proto, tt.port, names(tt.pods), svc, got, tt.want)
		}
	}
}
