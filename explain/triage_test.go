package explain

import (
	"fmt"
	"strings"
	"testing"
)

// manyServices is a cluster of Services with three pods each, spread over the
// nodes, and a policy in every fourth namespace.
func manyServices(nodes, services int) string {
	var b strings.Builder
	b.WriteString(manyNodes(nodes))
	b.WriteString("---\n")
	for i := range services {
		ns := fmt.Sprintf("ns%d", i/5)
		if i%5 == 0 {
			fmt.Fprintf(&b, "{apiVersion: v1, kind: Namespace, metadata: {name: %s}}\n---\n", ns)
			if i%20 == 0 {
				fmt.Fprintf(&b, "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {namespace: %s, name: own}, spec: {podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}}\n---\n", ns)
			}
		}
		for j := range 3 {
			n := (i*3 + j) % nodes
			fmt.Fprintf(&b, "{apiVersion: v1, kind: Pod, metadata: {namespace: %s, name: p%d-%d, labels: {app: s%d}}, spec: {nodeName: n%d, containers: [{name: c, ports: [{containerPort: 80}]}]}, status: {phase: Running, conditions: [{type: Ready, status: 'True'}], podIPs: [{ip: 10.%d.%d.%d}]}}\n---\n",
				ns, i, j, i, n, 100+n/256, n%256, 20+(i*3+j)/nodes)
		}
		fmt.Fprintf(&b, "{apiVersion: v1, kind: Service, metadata: {namespace: %s, name: s%d}, spec: {type: LoadBalancer, clusterIP: 10.97.%d.%d, clusterIPs: [10.97.%d.%d], selector: {app: s%d}, ports: [{port: 80, nodePort: %d}]}, status: {loadBalancer: {ingress: [{ip: 198.18.%d.%d}]}}}\n---\n",
			ns, i, i/250, 1+i%250, i/250, 1+i%250, i, 30000+i, i/250, 1+i%250)
	}
	return b.String()
}

func BenchmarkTriage1000Services300Nodes(b *testing.B) {
	m := compile(b, manyServices(300, 1000))
	for b.Loop() {
		if t := TriageAll(m); t.Services != 1001 {
			b.Fatal(t.Services)
		}
	}
}
