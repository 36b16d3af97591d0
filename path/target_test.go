package path

import (
	"errors"
	"strings"
	"testing"
)

// "default from outside: vip, else externalip, else nodeport; from inside:
// clusterip, else vip; the choice is printed".
func TestDefaultTargets(t *testing.T) {
	external := strings.Replace(strings.Replace(balancer("Cluster"), "ingress: [{ip: 198.51.100.17}]", "ingress: []", 1), "selector:", "externalIPs: [192.0.2.80], selector:", 1)
	nodePort := strings.Replace(strings.Replace(balancer("Cluster"), "type: LoadBalancer", "type: NodePort", 1), "ingress: [{ip: 198.51.100.17}]", "ingress: []", 1)
	headless := `{apiVersion: v1, kind: Service, metadata: {namespace: test, name: web}, spec: {clusterIP: None, selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}}`
	tests := []struct {
		name, svc, from, to, via string
		want                     string // targets
		chosen                   bool
	}{
		{"outside", balancer("Cluster"), "external/branch", "svc/test/web", "", "198.51.100.17:80/tcp", true},
		{"outside, no VIP", external, "external/branch", "svc/test/web", "", "192.0.2.80:80/tcp", true},
		{"outside, node ports only", nodePort, "external/branch", "svc/test/web", "", "10.0.0.11:30080/tcp", true},
		{"outside, node ports only, via", nodePort, "external/branch", "svc/test/web", "n2", "10.0.0.12:30080/tcp", true},
		{"a pod", balancer("Cluster"), "pod/test/client", "svc/test/web", "", "10.96.0.10:80/tcp", true},
		{"a node", balancer("Cluster"), "node/n3", "svc/test/web:http", "", "10.96.0.10:80/tcp", true},
		{"asked for", balancer("Cluster"), "pod/test/client", "svc/test/web@vip", "", "198.51.100.17:80/tcp", false},
		{"asked for, in capitals", balancer("Cluster"), "pod/test/client", "svc/test/web:80@VIP", "", "198.51.100.17:80/tcp", false},
		{"a pod's node port is its own node's", balancer("Cluster"), "pod/test/client", "svc/test/web@nodeport", "", "10.0.0.13:30080/tcp", false},
		{"a node's too", balancer("Cluster"), "node/n2", "svc/test/web@nodeport", "", "10.0.0.12:30080/tcp", false},
		{"endpoints", balancer("Cluster"), "pod/test/client", "svc/test/web@endpoints", "", "10.244.1.10:8080/tcp 10.244.2.10:8080/tcp", false},
		{"headless is its endpoints", headless, "pod/test/client", "svc/web", "", "10.244.1.10:8080/tcp 10.244.2.10:8080/tcp", false},
		{"a pod", "", "pod/test/client", "pod/test/web-1:http", "", "10.244.1.10:8080/tcp", false},
		{"a hostNetwork pod is at its node", "", "pod/test/client", "pod/host:9100", "", "10.0.0.11:9100/tcp", false},
		{"a node", "", "pod/test/client", "node/n2:22", "", "10.0.0.12:22/tcp", false},
		{"udp", "", "pod/test/client", "node/n2:53/udp", "", "10.0.0.12:53/udp", false},
	}
	for _, tt := range tests {
		a := answerTo(t, compile(t, base, tt.svc, branch), tt.from, tt.to, tt.via)
		var got []string
		for i := range a.Targets {
			got = append(got, a.Targets[i].String())
		}
		if strings.Join(got, " ") != tt.want || a.Targets[0].Chosen != tt.chosen {
			t.Errorf("%s: %s to %s is %v, chosen %v; want %s, %v", tt.name, tt.from, tt.to, got, a.Targets[0].Chosen, tt.want, tt.chosen)
		}
	}
}

// A wrong name is an error that names the right ones.
func TestWrongQuestions(t *testing.T) {
	const twoPorts = `{apiVersion: v1, kind: Service, metadata: {namespace: test, name: two}, spec: {clusterIP: 10.96.0.20, clusterIPs: [10.96.0.20], ports: [{name: a, port: 1}, {name: b, port: 2}]}}`
	const named = `{apiVersion: v1, kind: Service, metadata: {namespace: test, name: ext}, spec: {type: ExternalName, externalName: db.example, ports: [{port: 1}]}}`
	const other = `{apiVersion: v1, kind: Service, metadata: {namespace: test, name: proxied, labels: {service.kubernetes.io/service-proxy-name: x}}, spec: {clusterIP: 10.96.0.30, clusterIPs: [10.96.0.30], ports: [{port: 1}]}}`
	m := compile(t, base, balancer("Cluster"), branch, twoPorts, named, other)
	tests := []struct{ from, to, via, part, want string }{
		{"external/shop", "198.51.100.17:80", "", "external/shop", "branch"},
		{"externals", "198.51.100.17:80", "", "externals", "external, external/NAME"},
		{"", "198.51.100.17:80", "", "", "external, external/NAME"},
		{"node/n9", "198.51.100.17:80", "", "node/n9", "n1, n2, n3"},
		{"pod/test/gone", "198.51.100.17:80", "", "pod/test/gone", "web-1, web-2, client"},
		{"pod/test/ended", "198.51.100.17:80", "", "pod/test/ended", "Succeeded"},
		{"deploy/test/web", "198.51.100.17:80", "", "deploy/test/web", "Deployment/test/web"},
		{"external/10.244.1.10", "198.51.100.17:80", "", "external/10.244.1.10", "pod/NAMESPACE/NAME"},
		{"external/10.0.0.11", "198.51.100.17:80", "", "external/10.0.0.11", "node/NAME"},
		{"external/0.0.0.0", "198.51.100.17:80", "", "external/0.0.0.0", "nobody outside sends"},
		{"external/127.0.0.2", "198.51.100.17:80", "", "external/127.0.0.2", "nobody outside sends"},
		{"external/224.0.0.5", "198.51.100.17:80", "", "external/224.0.0.5", "nobody outside sends"},
		{"external/255.255.255.255", "198.51.100.17:80", "", "external/255.255.255.255", "nobody outside sends"},
		{"external/[ff02::1]", "[2001:db8::1]:80", "", "external/[ff02::1]", "nobody outside sends"},
		{"external/::", "[2001:db8::1]:80", "", "external/::", "nobody outside sends"},
		{"node/n1", "svc/test/wep", "", "svc/test/wep", "web"},
		{"node/n1", "svc/prod/web", "", "svc/prod/web", "none"},
		{"node/n1", "svc/test/web:81", "", "svc/test/web:81", "ports are 80"},
		{"node/n1", "svc/test/web:https", "", "svc/test/web:https", "ports are 80"},
		{"node/n1", "svc/test/web:80/udp", "", "svc/test/web:80/udp", "ports are 80"},
		{"node/n1", "svc/test/web@lb", "", "svc/test/web@lb", "@vip, @clusterip"},
		{"node/n1", "svc/test/web@externalip", "", "svc/test/web@externalip", "@clusterip, @vip, @nodeport"},
		{"node/n1", "svc/test/two", "", "svc/test/two", "1, 2"},
		{"node/n1", "svc/test/ext", "", "svc/test/ext", "db.example"},
		{"node/n1", "svc/test/proxied", "", "svc/test/proxied", "not modelled"},
		{"external/branch", "svc/test/two:1", "", "svc/test/two:1", "no address for this place"},
		{"node/n1", "svc/test/two:1@endpoints", "", "svc/test/two:1@endpoints", "no endpoint"},
		{"node/n1", "pod/test/web-1:smtp", "", "pod/test/web-1:smtp", "no TCP port"},
		{"node/n1", "pod/test/ended:80", "", "pod/test/ended:80", "no address"},
		{"node/n1", "node/n1:http", "", "node/n1:http", "use the number"},
		{"node/n1", "node/n9:80", "", "node/n9:80", "n1, n2, n3"},
		{"external/branch", "198.51.100.17:80", "n9", "n9", "n1, n2, n3"},
		{"pod/test/client", "198.51.100.17:80", "n1", "n1", "inside the cluster"},
		{"node/n1", "198.51.100.17:80", "n1", "n1", "inside the cluster"},
		{"external/branch", "node/n1:30080", "n2", "n2", "--via n1"},
	}
	for _, tt := range tests {
		_, err := Walk(m, Question{From: tt.from, To: tt.to, Via: tt.via, Namespace: "test"})
		var q *QuestionError
		if !errors.As(err, &q) {
			t.Errorf("%s to %s via %q: error %v", tt.from, tt.to, tt.via, err)
			continue
		}
		if q.Part != tt.part || !strings.Contains(q.Error()+" "+q.Hint, tt.want) {
			t.Errorf("%s to %s: %v (%s), want %q about %q", tt.from, tt.to, q, q.Hint, tt.want, tt.part)
		}
	}
}

// A Service without a port is all its ports, each with every address; a port
// that nobody has on a known address is an error with those it has.
func TestSubjects(t *testing.T) {
	m := compile(t, base, balancer("Cluster"), branch)
	tests := []struct{ target, title, want string }{
		{"svc/test/web", "svc/test/web", "198.51.100.17:80/tcp 10.96.0.10:80/tcp svc/test/web:80@nodeport/tcp"},
		{"198.51.100.17:80", "svc/test/web", "198.51.100.17:80/tcp 10.96.0.10:80/tcp svc/test/web:80@nodeport/tcp"},
		{"192.0.2.1:443", "192.0.2.1:443", "192.0.2.1:443"},
		{"pod/test/web-1:8080", "pod/test/web-1:8080", "pod/test/web-1:8080"},
	}
	for _, tt := range tests {
		list, err := Subjects(m, tt.target, "")
		if err != nil || len(list) != 1 {
			t.Errorf("%s: %d subjects, %v", tt.target, len(list), err)
			continue
		}
		var got []string
		for _, x := range list[0].Targets {
			got = append(got, x.To)
		}
		if list[0].Title != tt.title || strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %s, %v; want %s, %s", tt.target, list[0].Title, got, tt.title, tt.want)
		}
	}
	for target, want := range map[string]string{
		"198.51.100.17:22": "80 (test/web)", "svc/test/web:22": "80", "svc/test/ssh": "web", "nonsense": "places are",
	} {
		_, err := Subjects(m, target, "")
		var q *QuestionError
		if !errors.As(err, &q) || !strings.Contains(q.Hint, want) {
			t.Errorf("%s: %v, want a hint with %q", target, err, want)
		}
	}
}

func TestDraws(t *testing.T) {
	m := compile(t, base, balancer("Cluster"), strings.Replace(branch, "routes: static", "routes: static, nodes: [n2]", 1))
	for node, want := range map[string]bool{"n1": false, "n2": true} {
		if got := Draws(m, "198.51.100.17:80/tcp", node); got != want {
			t.Errorf("the router sends the VIP to %s: %v, want %v", node, got, want)
		}
	}
	if Draws(m, "svc/test/web:80@nodeport/tcp", "n2") {
		t.Error("a NodePort is no address that a router draws")
	}
}
