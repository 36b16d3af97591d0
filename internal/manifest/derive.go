package manifest

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// maxOwners bounds a chain of owners, which a forged input may close to a ring.
const maxOwners = 4

// resolveOwners follows each pod's controller to the workload a person made:
// ReplicaSet to Deployment, Job to CronJob.
func (b *Builder) resolveOwners() {
	owners := make(map[flow.Object]flow.Object)
	for _, w := range b.workloads {
		owners[w.object()] = w.Owner
	}
	for _, p := range b.pods {
		for range maxOwners {
			up, ok := owners[p.Owner]
			if !ok || up.IsZero() {
				break
			}
			p.Owner = up
		}
		if _, known := owners[p.Owner]; !known {
			p.Owner = deploymentOf(p.Owner, p.Labels)
		}
	}
}

func (w *workload) object() flow.Object {
	return flow.Object{Kind: w.Kind, Namespace: w.Namespace, Name: w.Name}
}

// deploymentOf names the Deployment behind a ReplicaSet that is not in the
// input: the Deployment controller names it NAME-HASH, and labels its pods
// with the HASH.
func deploymentOf(owner flow.Object, labels cluster.Labels) flow.Object {
	hash := labels[labelTemplateHash]
	name, ok := strings.CutSuffix(owner.Name, "-"+hash)
	if owner.Kind == "ReplicaSet" && hash != "" && ok && name != "" {
		owner.Kind, owner.Name = "Deployment", name
	}
	return owner
}

// hostNetworkIPs gives hostNetwork pods that lack an address their node's.
func (b *Builder) hostNetworkIPs() {
	nodes := make(map[string]*cluster.Node, len(b.nodes))
	for _, n := range b.nodes {
		nodes[n.Name] = n
	}
	for _, p := range b.pods {
		n := nodes[p.Node]
		if !p.HostNetwork || p.IPs != nil || n == nil {
			continue
		}
		for _, v6 := range []bool{false, true} {
			if ip := n.IP(v6); ip.IsValid() {
				p.IPs = append(p.IPs, ip)
			}
		}
	}
}

// maxReplicas is how many pods stand for a workload: two tell whether replicas
// differ, one more that it was not by chance.
const maxReplicas = 3

// derivePods makes pods for the workloads that have none in the input.
func (b *Builder) derivePods() []flow.Reason {
	has := make(map[flow.Object]bool)
	names := make(map[flow.Object]bool)
	for _, p := range b.pods {
		has[p.Owner] = true
		names[p.Object()] = true
	}
	live := len(b.pods) > 0
	var from []string
	count := 0
	for _, w := range b.workloads {
		if !w.Owner.IsZero() || has[w.object()] || w.Finished || w.Live && live {
			continue
		}
		made := 0
		for i := range min(b.replicas(w), maxReplicas) {
			p := w.pod(i)
			if names[p.Object()] {
				continue
			}
			names[p.Object()] = true
			b.pods = append(b.pods, p)
			made++
		}
		if made > 0 {
			count += made
			from = append(from, w.object().String())
		}
	}
	if count == 0 {
		return nil
	}
	return []flow.Reason{flow.Because(flow.CodePodsDerived, strconv.Itoa(count), strconv.Itoa(len(from)), few(from))}
}

// replicas is how many pods the workload wants; a DaemonSet one for each node.
func (b *Builder) replicas(w *workload) int {
	if w.Kind == "DaemonSet" {
		return max(len(b.nodes), 1)
	}
	return w.Replicas
}

// pod is the i-th pod that stands for the workload.
func (w *workload) pod(i int) *pod {
	p := w.Template
	p.Meta = cluster.Meta{
		Namespace: w.Namespace, Name: w.Name + "-" + strconv.Itoa(i),
		Labels: w.Template.Labels, Created: w.Created, Position: w.Position,
	}
	p.Owner, p.Phase, p.Ready, p.Derived = w.object(), cluster.PodRunning, true, true
	return &p
}

// few lists up to three names.
func few(names []string) string {
	if len(names) <= 3 {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:3], ", ") + ", +" + strconv.Itoa(len(names)-3)
}

// The ranges invented addresses come from. No cluster uses them: RFC 2544's
// for benchmarks and RFC 9637's for documentation. (The older documentation
// ranges stand for clients and virtual IPs in too many examples.)
var (
	inventedV4 = netip.MustParsePrefix("198.18.0.0/15")
	inventedV6 = netip.MustParsePrefix("3fff::/20")
)

// inventAddresses gives pods that have not run yet an address of each family
// the input uses, in the order of the input.
func (b *Builder) inventAddresses() []flow.Reason {
	used := make(map[netip.Addr]bool)
	for _, p := range b.pods {
		for _, ip := range p.IPs {
			used[ip] = true
		}
	}
	pools := []netip.Prefix{inventedV4}
	if b.usesV6() {
		pools = append(pools, inventedV6)
	}
	next := []netip.Addr{inventedV4.Addr(), inventedV6.Addr()}
	count := 0
	for _, p := range b.pods {
		if p.HasStatus || p.HostNetwork || p.IPs != nil {
			continue
		}
		for i, pool := range pools {
			for next[i] = next[i].Next(); used[next[i]]; {
				next[i] = next[i].Next()
			}
			if pool.Contains(next[i]) {
				p.IPs = append(p.IPs, next[i])
				p.Invented = true
			}
		}
		count++
	}
	if count == 0 {
		return nil
	}
	ranges := make([]string, len(pools))
	for i, pool := range pools {
		ranges[i] = pool.String()
	}
	return []flow.Reason{flow.Because(flow.CodePodsInvented, strconv.Itoa(count), strings.Join(ranges, ", "))}
}

// inventClusterIPs gives Services that were not applied yet a cluster IP, as the API
// server would, from the ends of the ranges: pods take theirs from the beginnings.
func (b *Builder) inventClusterIPs() []flow.Reason {
	if !slices.ContainsFunc(b.services, (*cluster.Service).LacksClusterIP) {
		return nil
	}
	pools := []netip.Prefix{inventedV4, inventedV6}
	next := []netip.Addr{cluster.LastAddr(inventedV4), cluster.LastAddr(inventedV6)}
	used := make(map[netip.Addr]bool)
	for _, s := range b.services {
		for _, ip := range s.ClusterIPs {
			used[ip] = true
		}
	}
	for _, p := range b.pods {
		for _, ip := range p.IPs {
			used[ip] = true
		}
	}
	count, from := 0, [2]bool{}
	for _, s := range b.services {
		if !s.LacksClusterIP() {
			continue
		}
		for _, v6 := range b.familiesFor(s) {
			i := 0
			if v6 {
				i = 1
			}
			for next[i] = next[i].Prev(); used[next[i]]; {
				next[i] = next[i].Prev()
			}
			if pools[i].Contains(next[i]) {
				s.ClusterIPs, s.Invented, from[i] = append(s.ClusterIPs, next[i]), true, true
			}
		}
		count++
	}
	var ranges []string
	for i, pool := range pools {
		if from[i] {
			ranges = append(ranges, pool.String())
		}
	}
	return []flow.Reason{flow.Because(flow.CodeServicesInvented, strconv.Itoa(count), strings.Join(ranges, ", "))}
}

// familiesFor are those that a Service asks for, or that of the first pod with an
// address.
func (b *Builder) familiesFor(s *cluster.Service) []bool {
	if len(s.Families) > 0 {
		return s.Families
	}
	for _, p := range b.pods {
		if len(p.IPs) > 0 {
			return []bool{p.IPs[0].Is6()}
		}
	}
	return []bool{false}
}

func (b *Builder) usesV6() bool {
	for _, s := range b.services {
		if slices.Contains(s.Families, true) {
			return true
		}
	}
	for _, n := range b.nodes {
		for _, c := range n.PodCIDRs {
			if c.Addr().Is6() {
				return true
			}
		}
	}
	return false
}

// implyNamespaces adds the namespaces that objects live in and that were not
// read themselves.
func (b *Builder) implyNamespaces() []flow.Reason {
	known := make(map[string]bool)
	for _, n := range b.namespaces {
		known[n.Name] = true
	}
	var implied []string
	imply := func(name string, pos flow.Position) {
		if name == "" || known[name] {
			return
		}
		known[name] = true
		implied = append(implied, name)
		b.namespaces = append(b.namespaces, &cluster.Namespace{
			Meta:    cluster.Meta{Name: name, Labels: cluster.Labels{labelNamespaceName: name}, Position: pos},
			Implied: true,
		})
	}
	for _, p := range b.pods {
		imply(p.Namespace, p.Position)
	}
	for _, s := range b.services {
		imply(s.Namespace, s.Position)
	}
	for _, s := range b.slices {
		imply(s.Namespace, s.Position)
	}
	for _, p := range b.policies {
		imply(p.Namespace, p.Position)
	}
	for _, w := range b.workloads {
		imply(w.Namespace, w.Position)
	}
	if implied == nil {
		return nil
	}
	slices.Sort(implied)
	return []flow.Reason{flow.Because(flow.CodeNamespacesImplied, strconv.Itoa(len(implied)), few(implied))}
}
