package manifest

import (
	"strings"

	"github.com/portolan-net/portolan/cluster"
)

// clueKind is a kind of which the API of a dataplane, or the API server's, has
// objects that say how packets go, and the fields of spec that say it.
type clueKind struct {
	agent  cluster.Agent
	api    string // in snapshots
	fields []string
}

// clueKinds by kind. The fields of all of them are scalars, or lists of them.
var clueKinds = map[string]clueKind{
	// docs.tigera.io/calico/latest/reference/resources/ippool and felixconfig.
	cluster.KindIPPool: {cluster.AgentCalico, "crd.projectcalico.org/v1", []string{
		"allowedUses", "cidr", "disabled", "ipipMode", "natOutgoing", "vxlanMode",
	}},
	cluster.KindFelixConfiguration: {cluster.AgentCalico, "crd.projectcalico.org/v1", []string{
		"bpfEnabled", "natOutgoingAddress", "natOutgoingExclusions",
	}},
	// k8s.io/api networking/v1, ServiceCIDRSpec.
	cluster.KindServiceCIDR: {cluster.AgentAPIServer, "networking.k8s.io/v1", []string{"cidrs"}},
}

// listFields are those of the fields that are lists.
var listFields = map[string]bool{"allowedUses": true, "cidrs": true}

func decodeIPPool(v value) any      { return v.clue(cluster.KindIPPool) }
func decodeFelix(v value) any       { return v.clue(cluster.KindFelixConfiguration) }
func decodeServiceCIDR(v value) any { return v.clue(cluster.KindServiceCIDR) }

// clue keeps an object's telling fields as text, lists with commas between. A field
// of another type than it should have is no business of ours, and left out.
func (v value) clue(kind string) any {
	k := clueKinds[kind]
	c := &cluster.Clue{Agent: k.agent, Object: v.d.object, Position: v.pos(), Config: true, Settings: map[string]string{}}
	spec := v.get("spec")
	for _, name := range k.fields {
		f := spec.get(name)
		text := f.text()
		if listFields[name] {
			text = strings.Join(f.texts(), ",")
		}
		if text != "" {
			c.Settings[name] = clean(text)
		}
	}
	return c
}

// texts are the scalars of a list, none of anything else.
func (v value) texts() []string {
	if !v.present() || v.n.kind != isList {
		return nil
	}
	var all []string
	for i := range v.n.kids {
		if k := &v.n.kids[i]; k.kind != isMap && k.kind != isList && k.kind != isNull {
			all = append(all, k.text)
		}
	}
	return all
}

func clueShape(kind string) *shape {
	return object(metaShape()).and("spec", some(clueKinds[kind].fields...))
}

// clue writes one that is no workload and no pod.
func (x *snapshotWriter) clue(c *cluster.Clue) {
	meta := &cluster.Meta{Namespace: c.Object.Namespace, Name: c.Object.Name}
	k, ok := clueKinds[c.Object.Kind]
	if !ok {
		data := make(map[string]string, len(c.Settings))
		for name, val := range c.Settings {
			data[name] = x.d.setting(val)
		}
		x.object("v1", "ConfigMap", meta, fields{"data": data})
		return
	}
	spec := fields{}
	for name, val := range c.Settings {
		val = x.d.setting(val)
		switch {
		case listFields[name]:
			spec[name] = strings.Split(val, ",")
		case val == "true", val == "false":
			spec[name] = val == "true"
		default:
			spec[name] = val
		}
	}
	x.object(k.api, c.Object.Kind, meta, fields{"spec": spec})
}
