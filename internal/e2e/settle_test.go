package e2e

import (
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Settle waits until the EndpointSlice controller has made what the Services and the
// pods ask for: of every Service the addresses of the pods that its selector names.
func (c *Cluster) Settle() {
	c.t.Helper()
	c.until("EndpointSlices are made", func() error {
		ctx, all := c.t.Context(), metav1.ListOptions{}
		services, err := c.Client.CoreV1().Services("").List(ctx, all)
		if err != nil {
			return err
		}
		pods, err := c.Client.CoreV1().Pods("").List(ctx, all)
		if err != nil {
			return err
		}
		made, err := c.Client.DiscoveryV1().EndpointSlices("").List(ctx, all)
		if err != nil {
			return err
		}
		for i := range services.Items {
			s := &services.Items[i]
			if len(s.Spec.Selector) == 0 {
				continue
			}
			if want, got := wanted(s, pods.Items), addresses(s, made.Items); !slices.Equal(want, got) {
				return fmt.Errorf("service %s/%s has endpoints %v, not %v", s.Namespace, s.Name, got, want)
			}
		}
		return nil
	})
}

// wanted are the endpoints that a Service should have: "10.244.2.10", behind it "not
// ready" where it is not.
func wanted(s *corev1.Service, pods []corev1.Pod) []string {
	all := []string{}
	selector := labels.SelectorFromSet(s.Spec.Selector)
	for i := range pods {
		p := &pods[i]
		over := p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
		if p.Namespace != s.Namespace || over || !selector.Matches(labels.Set(p.Labels)) {
			continue
		}
		ready := slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		})
		for _, ip := range p.Status.PodIPs {
			if slices.Contains(s.Spec.IPFamilies, family(ip.IP)) {
				all = append(all, endpoint(ip.IP, ready || s.Spec.PublishNotReadyAddresses))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func addresses(s *corev1.Service, made []discoveryv1.EndpointSlice) []string {
	all := []string{}
	for i := range made {
		if made[i].Namespace != s.Namespace || made[i].Labels[discoveryv1.LabelServiceName] != s.Name {
			continue
		}
		for _, e := range made[i].Endpoints {
			all = append(all, endpoint(e.Addresses[0], e.Conditions.Ready == nil || *e.Conditions.Ready))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func endpoint(ip string, ready bool) string {
	if !ready {
		return ip + " not ready"
	}
	return ip
}

func family(ip string) corev1.IPFamily {
	if a, err := netip.ParseAddr(ip); err == nil && a.Is6() {
		return corev1.IPv6Protocol
	}
	return corev1.IPv4Protocol
}
