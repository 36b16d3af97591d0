package upstream

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/portolan-net/portolan/internal/lab"
	"github.com/portolan-net/portolan/internal/proof"
	"github.com/portolan-net/portolan/model"
	ours "github.com/portolan-net/portolan/nft"
)

// Dataplane is kube-proxy on every node of a lab and, where the model's profile
// enforces NetworkPolicies, our rules for these beside it. Installed again after
// Follow, kube-proxy is told what has changed. Close it.
type Dataplane struct {
	mu       sync.Mutex
	m        *model.Model
	policies *proof.Rules // nil: nobody enforces
	proxies  map[string]*running
}

// running is kube-proxy on one node and what it was told.
type running struct {
	*Proxy
	told Objects
}

// standsFor are the proxies of profiles that kube-proxy is, or whose behaviour is
// meant to be its nftables mode's.
var standsFor = []string{"kube-proxy-nftables", "kube-proxy-iptables", "portolan"}

// NewDataplane says by its error why kube-proxy and our policy rules cannot stand
// for the model's profile.
func NewDataplane(m *model.Model) (*Dataplane, error) {
	if p := m.Profile.Proxy; !slices.Contains(standsFor, p.Name) {
		return nil, fmt.Errorf("proxy %s is not kube-proxy", p.Name)
	}
	d := &Dataplane{m: m, proxies: map[string]*running{}}
	if !m.Enforces() {
		return d, nil
	}
	if err := m.PrintablePolicy(); err != nil {
		return nil, err
	}
	o := ours.For(m)
	o.Services = false
	d.policies = proof.OursWith(m, o)
	return d, nil
}

// Follow makes the next Install one of another model, with the same nodes and
// profile.
func (d *Dataplane) Follow(m *model.Model) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.m = m
	if d.policies != nil {
		d.policies.Follow(m)
	}
}

// Install starts kube-proxy in the namespace of the calling thread, or tells it
// what has changed, and returns when the rules are in the kernel.
func (d *Dataplane) Install(n *lab.Machine) error {
	if d.policies != nil {
		if err := d.policies.Install(n); err != nil {
			return err
		}
	}
	d.mu.Lock()
	m, before := d.m, d.proxies[n.Node()]
	d.mu.Unlock()
	now := &running{told: Convert(m.Snapshot)}
	for i, s := range now.told.Services {
		if s.Spec.Type == corev1.ServiceTypeLoadBalancer && s.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal {
			s.Spec.HealthCheckNodePort = firstHealth + int32(i)
		}
	}
	if before != nil {
		now.Proxy = before.Proxy
		if _, err := now.Apply(since(before.told, now.told)); err != nil {
			return err
		}
	} else {
		c, err := Configure(m.Snapshot, m.Profile, n.Node())
		if err != nil {
			return err
		}
		c.OneFamily = !dualStack(m)
		if now.Proxy, err = Start(c, now.told); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.proxies[n.Node()] = now
	return nil
}

// firstHealth is where kube-proxy's health checks of Services listen: on a
// Service's own port the lab's listeners do.
const firstHealth = 20000

// dualStack reports whether the nodes have addresses of both families.
func dualStack(m *model.Model) bool {
	has := map[bool]bool{}
	for i := range m.Snapshot.Nodes {
		for _, a := range m.Snapshot.Nodes[i].InternalIPs {
			has[a.Is6()] = true
		}
	}
	return len(has) == 2
}

// since is what a watch would tell of between two states.
func since(before, now Objects) Change {
	return Change{
		Set:  Objects{Services: without(now.Services, before.Services, reflect.DeepEqual), Slices: without(now.Slices, before.Slices, reflect.DeepEqual)},
		Gone: Objects{Services: without(before.Services, now.Services, sameName), Slices: without(before.Slices, now.Slices, sameName)},
	}
}

// without are those of all to which none of the others is the same.
func without[T any](all, others []T, same func(a, b any) bool) []T {
	return slices.DeleteFunc(slices.Clone(all), func(one T) bool {
		return slices.ContainsFunc(others, func(o T) bool { return same(one, o) })
	})
}

func sameName(a, b any) bool {
	one, ok := a.(metav1.Object)
	other, too := b.(metav1.Object)
	return ok && too && one.GetNamespace() == other.GetNamespace() && one.GetName() == other.GetName()
}

// Forget makes every node judge again what it let in.
func (d *Dataplane) Forget() error {
	if d.policies == nil {
		return nil
	}
	return d.policies.Forget()
}

// Close ends kube-proxy everywhere. What it put into the kernels stays.
func (d *Dataplane) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for p := range maps.Values(d.proxies) {
		errs = append(errs, p.Close())
	}
	clear(d.proxies)
	if d.policies != nil {
		errs = append(errs, d.policies.Close())
	}
	return errors.Join(errs...)
}
