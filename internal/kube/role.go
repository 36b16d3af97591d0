package kube

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
)

// Right is one thing that reading needs to be allowed to do.
type Right struct {
	Verb, Group, Resource string
	// Names are the objects it is for; nil is for all.
	Names []string
	// Loss says what cannot be answered without it.
	Loss flow.Code
}

// String is "list networkpolicies.networking.k8s.io".
func (r *Right) String() string {
	s := r.Verb + " " + r.Resource
	if r.Group != "" {
		s += "." + r.Group
	}
	return s
}

// losses are what cannot be answered without a kind.
var losses = map[string]flow.Code{
	"Node": flow.CodeLossNode, "Pod": flow.CodeLossPod, "Namespace": flow.CodeLossNamespace, "Service": flow.CodeLossService,
	"EndpointSlice": flow.CodeLossSlice, "Endpoints": flow.CodeLossSlice, "NetworkPolicy": flow.CodeLossPolicy,
	"IPAddressPool": flow.CodeLossMetalLB, "BGPAdvertisement": flow.CodeLossMetalLB, "L2Advertisement": flow.CodeLossMetalLB, "BGPPeer": flow.CodeLossMetalLB,
	"ValidatingWebhookConfiguration": flow.CodeLossCallback, "MutatingWebhookConfiguration": flow.CodeLossCallback,
	"APIService": flow.CodeLossCallback, "CustomResourceDefinition": flow.CodeLossCallback, "ConfigMap": flow.CodeLossConfig,
	"DaemonSet": flow.CodeLossAgent, "IPPool": flow.CodeLossConfig, "FelixConfiguration": flow.CodeLossConfig, "ServiceCIDR": flow.CodeLossConfig,
}

func lossOf(k *manifest.Kind) flow.Code {
	if k.Foreign {
		return flow.CodeLossPolicy
	}
	if code, ok := losses[k.Kind]; ok {
		return code
	}
	return flow.CodeLossOwner
}

// Rights are what reading needs on an API server that offers these resources.
func Rights(found []Resource) []Right {
	var out []Right
	for _, l := range wanted(found) {
		out = append(out, Right{Verb: "list", Group: l.Group, Resource: l.Name, Loss: lossOf(&l.Kind)})
	}
	return append(out, configRight())
}

// EveryRight is what reading needs on any API server.
func EveryRight() []Right {
	var found []Resource
	for _, k := range manifest.Kinds() {
		found = append(found, Resource{Kind: k, Name: k.Plural()})
	}
	slices.SortFunc(found, func(a, b Resource) int { return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Name, b.Name)) })
	return Rights(found)
}

func configRight() Right {
	return Right{Verb: "get", Resource: "configmaps", Names: manifest.ConfigNames(), Loss: flow.CodeLossConfig}
}

// Allowed asks the API server about each right, by a SelfSubjectAccessReview. The
// error is an *Error.
func (c *Client) Allowed(ctx context.Context, rights []Right) ([]bool, error) {
	out := make([]bool, len(rights))
	for i, r := range rights {
		names := r.Names
		if names == nil {
			names = []string{""}
		}
		out[i] = true
		for _, name := range names {
			ok, err := c.may(ctx, &r, name)
			if err != nil {
				return nil, c.unreachable(err)
			}
			out[i] = out[i] && ok
		}
	}
	return out, nil
}

func (c *Client) may(ctx context.Context, r *Right, name string) (bool, error) {
	namespace := ""
	if name != "" {
		namespace = "kube-system"
	}
	resource, sub, _ := strings.Cut(r.Resource, "/")
	body, err := json.Marshal(map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
		"spec": map[string]any{"resourceAttributes": map[string]string{
			"verb": r.Verb, "group": r.Group, "resource": resource, "subresource": sub, "name": name, "namespace": namespace,
		}},
	})
	if err != nil {
		return false, err
	}
	data, err := c.do(ctx, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", nil, "", body)
	if err != nil {
		return false, err
	}
	var answer struct{ Status struct{ Allowed bool } }
	err = json.Unmarshal(data, &answer)
	return answer.Status.Allowed, err
}

// RoleName is the ClusterRole's.
const RoleName = "portolan-reader"

// WriteRole writes the ClusterRole with the rights, for kubectl apply -f -.
func WriteRole(w io.Writer, rights []Right) error { return writeRole(w, RoleName, rights) }

func writeRole(w io.Writer, name string, rights []Right) error {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: %s\nrules:\n", name)
	for i := 0; i < len(rights); {
		first := rights[i]
		resources := []string{first.Resource}
		for i++; i < len(rights) && rights[i].Group == first.Group && rights[i].Verb == first.Verb && rights[i].Names == nil && first.Names == nil; i++ {
			resources = append(resources, rights[i].Resource)
		}
		fmt.Fprintf(&b, "- apiGroups: [%q]\n  resources: [%s]\n", first.Group, strings.Join(resources, ", "))
		if first.Names != nil {
			fmt.Fprintf(&b, "  resourceNames: [%s]\n", strings.Join(first.Names, ", "))
		}
		fmt.Fprintf(&b, "  verbs: [%s]\n", first.Verb)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
