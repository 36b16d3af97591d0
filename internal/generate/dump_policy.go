package generate

import (
	"github.com/portolan-net/portolan/cluster"
)

func policyObject(p *cluster.NetworkPolicy) object {
	types := []string{}
	if p.IsolatesIngress {
		types = append(types, "Ingress")
	}
	if p.IsolatesEgress {
		types = append(types, "Egress")
	}
	spec := object{"podSelector": selectorObject(&p.PodSelector), "policyTypes": types}
	if len(p.Ingress) > 0 {
		spec["ingress"] = ruleObjects(p.Ingress, "from")
	}
	if len(p.Egress) > 0 {
		spec["egress"] = ruleObjects(p.Egress, "to")
	}
	return object{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metaObject(&p.Meta), "spec": spec}
}

func ruleObjects(rules []cluster.PolicyRule, peers string) []object {
	var out []object
	for i := range rules {
		o := object{}
		if r := &rules[i]; len(r.Peers) > 0 {
			var list []object
			for j := range r.Peers {
				list = append(list, peerObject(&r.Peers[j]))
			}
			o[peers] = list
		}
		if r := &rules[i]; len(r.Ports) > 0 {
			var list []object
			for _, p := range r.Ports {
				list = append(list, policyPortObject(p))
			}
			o["ports"] = list
		}
		out = append(out, o)
	}
	return out
}

func peerObject(p *cluster.PolicyPeer) object {
	if b := p.IPBlock; b != nil {
		block := object{"cidr": b.CIDR}
		if len(b.Except) > 0 {
			block["except"] = b.Except
		}
		return object{"ipBlock": block}
	}
	o := object{}
	if p.NamespaceSelector != nil {
		o["namespaceSelector"] = selectorObject(p.NamespaceSelector)
	}
	if p.PodSelector != nil {
		o["podSelector"] = selectorObject(p.PodSelector)
	}
	return o
}

func policyPortObject(p cluster.PolicyPort) object {
	o := object{"protocol": p.Protocol.String()}
	if !p.Port.IsZero() {
		o["port"] = portObject(p.Port)
	}
	if p.EndPort != 0 {
		o["endPort"] = p.EndPort
	}
	return o
}

// selectorObject leaves out the values that Exists and DoesNotExist must not have.
func selectorObject(s *cluster.LabelSelector) object {
	o := object{}
	if len(s.MatchLabels) > 0 {
		o["matchLabels"] = s.MatchLabels
	}
	var list []object
	for _, r := range s.MatchExpressions {
		e := object{"key": r.Key, "operator": string(r.Operator)}
		if r.Operator == cluster.OpIn || r.Operator == cluster.OpNotIn {
			e["values"] = r.Values
		}
		list = append(list, e)
	}
	if list != nil {
		o["matchExpressions"] = list
	}
	return o
}
