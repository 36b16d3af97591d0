package proof

import (
	"github.com/portolan-net/portolan/internal/kernel"
	"github.com/portolan-net/portolan/internal/lab"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/nft"
)

// Rules are our own rules as a lab's dataplane.
type Rules struct {
	m       *model.Model
	options nft.Options
}

// Ours are our rules for what the model's profile has: a proxy, an enforcer,
// both or none.
func Ours(m *model.Model) *Rules {
	return &Rules{m: m, options: nft.For(m)}
}

// Install loads the node's program into the namespace of the calling thread.
func (r *Rules) Install(node *lab.Machine) error {
	p, err := nft.Compile(r.m, node.Node(), r.options, nil)
	if err != nil {
		return err
	}
	h, err := kernel.Open()
	if err != nil {
		return err
	}
	defer h.Close()
	return h.Apply(nft.Diff(nil, p))
}
