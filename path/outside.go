package path

import (
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/model"
)

// Outside returns the clients that "external" stands for, with their addresses:
// the Fabric's, else the representatives. Whoever compares two clusters asks
// both from the same clients.
func Outside(m *model.Model) []cluster.Client {
	all, _ := clients(m, "external", "")
	var out []cluster.Client
	for i := range all {
		out = append(out, cluster.Client{Name: all[i].name, Addresses: all[i].Addrs})
	}
	return out
}
