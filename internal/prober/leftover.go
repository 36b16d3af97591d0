package prober

import (
	"context"
	"strings"

	"github.com/portolan-net/portolan/flow"
)

// Leftovers are the pods of probes that were not taken away: those that bear the
// labels and the name of one. An empty namespace is all of them.
func Leftovers(ctx context.Context, hand Hand, namespace string) ([]Pod, error) {
	all, err := hand.Marked(ctx, namespace, Selector)
	var out []Pod
	for _, p := range all {
		if id := p.Labels[ProbeLabel]; id != "" && p.Labels[ManagedLabel] == Manager && p.Name == namePrefix+id && !p.Deleting {
			out = append(out, p)
		}
	}
	return out, err
}

// Remove deletes leftovers. What could not be deleted is returned, with the reason.
func Remove(ctx context.Context, hand Hand, pods []Pod) []flow.Reason {
	var out []flow.Reason
	for _, p := range pods {
		if err := hand.Delete(ctx, p.Namespace, p.Name, p.UID); err != nil {
			out = append(out, left(p.Namespace, p.Name, err))
		}
	}
	return out
}

func left(namespace, name string, err error) flow.Reason {
	return flow.Because(flow.CodeProbeLeft, "Pod/"+namespace+"/"+name, strings.TrimSpace(err.Error()), namespace)
}
