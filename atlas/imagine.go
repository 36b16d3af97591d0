package atlas

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/reach"
)

// Imagined is any pod of a namespace with these labels, and the ports it declares.
type Imagined struct {
	Written   string
	Namespace string
	Labels    cluster.Labels
	Ports     []cluster.ContainerPort
}

const imagineHint = `NAMESPACE[: LABEL=VALUE,...[: PORT,...]], as in "web: app=client,tier=front" or "web: app=client: 8080,53/udp"`

// ParseImagined reads "NAMESPACE[: LABELS[: PORTS]]".
func ParseImagined(text string) (Imagined, error) {
	parts := strings.Split(text, ":")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	if parts[0] == "" || len(parts) > 3 || strings.ContainsAny(parts[0], "=, /") {
		return Imagined{}, wrong(text, "not a pod to imagine", imagineHint)
	}
	x := Imagined{Written: text, Namespace: parts[0], Labels: cluster.Labels{}}
	for i, list := range parts[1:] {
		for _, word := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
			if i == 0 {
				k, v, ok := strings.Cut(word, "=")
				if !ok || k == "" {
					return x, wrong(text, fmt.Sprintf("%q is not LABEL=VALUE", word), imagineHint)
				}
				x.Labels[k] = v
				continue
			}
			p, err := parsePort(word)
			if err != nil {
				return x, wrong(text, err.Error(), imagineHint)
			}
			x.Ports = append(x.Ports, p)
		}
	}
	return x, nil
}

// parsePort reads "8080" or "53/udp".
func parsePort(word string) (cluster.ContainerPort, error) {
	number, proto, has := strings.Cut(word, "/")
	n, err := strconv.ParseUint(number, 10, 16)
	protocols := []flow.Protocol{flow.TCP, flow.UDP, flow.SCTP}
	at := 0
	if has {
		at = slices.IndexFunc(protocols, func(p flow.Protocol) bool { return strings.EqualFold(p.String(), proto) })
	}
	if err != nil || n == 0 || at < 0 {
		return cluster.ContainerPort{}, fmt.Errorf("%q is not a port", word)
	}
	return cluster.ContainerPort{Protocol: protocols[at], Port: uint16(n)}, nil
}

// imaginedName is the name of the pod that stands for the nth.
func imaginedName(n int) string { return "imagined-" + strconv.Itoa(n+1) }

// imagine is the Chart with one pod for each.
func imagine(c *reach.Chart, list []Imagined) (*reach.Chart, error) {
	if len(list) == 0 {
		return c, nil
	}
	var pods []cluster.Pod
	for i := range list {
		x := &list[i]
		if c.Model().Index.Namespace(x.Namespace) == nil && !lives(c, x.Namespace) {
			e := wrong(x.Written, "no namespace "+x.Namespace+" in the input", "name one that exists: policies look at its labels")
			e.Missing, e.Namespace = "Namespace", x.Namespace
			return nil, e
		}
		if p := c.Model().Index.Pod(x.Namespace, imaginedName(i)); p != nil {
			return nil, wrong(x.Written, "a pod of the input is called "+imaginedName(i)+" already", "imagine fewer pods, or others first")
		}
		pods = append(pods, c.Imagine(x.Namespace, imaginedName(i), x.Labels, x.Ports...))
	}
	return c.With(pods...)
}

// lives reports whether any pod is of the namespace.
func lives(c *reach.Chart, namespace string) bool {
	return slices.ContainsFunc(c.Model().Snapshot.Pods, func(p cluster.Pod) bool { return p.Namespace == namespace })
}
