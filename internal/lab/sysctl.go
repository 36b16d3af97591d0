//go:build linux

package lab

import (
	"os"
	"strings"
	"sync"

	"github.com/portolan-net/portolan/flow"
)

// set writes a sysctl of this thread's namespace: "net/ipv4/ip_forward".
func (c *config) set(name, value string) {
	c.try("sysctl "+name, func() error { return write(name, value) })
}

// offer writes a sysctl that not every kernel has.
func (c *config) offer(name, value string) {
	c.try("sysctl "+name, func() error {
		if err := write(name, value); err != nil && !os.IsNotExist(err) {
			return err
		}
		return nil
	})
}

func write(name, value string) error {
	f, err := os.OpenFile("/proc/sys/"+name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	if fail := f.Close(); err == nil {
		err = fail
	}
	return err
}

// fresh is what each sysctl has in a new namespace, which depends on the machine.
type fresh struct{ sync.Map }

// need sets several sysctls of a new namespace, unless they are as needed
// already: some of them wait for the lock of all devices.
func (c *config) need(f *fresh, folder, settings string) {
	for _, s := range strings.Fields(settings) {
		name, value, _ := strings.Cut(s, "=")
		name = folder + name
		c.try("sysctl "+name, func() error {
			had, ok := f.Load(name)
			if !ok {
				// All namespaces of a lab are made alike, so this one tells for all.
				text, err := os.ReadFile("/proc/sys/" + name)
				if err != nil {
					return err
				}
				had, _ = f.LoadOrStore(name, strings.TrimSpace(string(text)))
			}
			if had == value {
				return nil
			}
			return write(name, value)
		})
	}
}

// settings are those of a new namespace, before it has any device but lo. Errors
// are never held back, packets come in from anywhere, and nobody speaks without
// being asked.
func (p *plan) settings(c *config, m *Machine) {
	c.need(&p.fresh, "net/ipv4/", "icmp_ratelimit=0")
	c.offer("net/ipv4/icmp_msgs_per_sec", "1000000")
	c.offer("net/ipv4/icmp_msgs_burst", "100000")
	c.need(&p.fresh, "net/ipv4/conf/", "all/rp_filter=0 default/rp_filter=0")
	if p.v6() {
		c.need(&p.fresh, "net/ipv6/", "icmp/ratelimit=0 conf/all/disable_ipv6=0 conf/default/disable_ipv6=0")
	}
	c.offer("net/ipv6/conf/default/addr_gen_mode", "1") // no link-local addresses
	c.up("lo")
	if m.Kind != flow.MachineNode && m.Kind != flow.MachineRouter {
		return
	}
	c.need(&p.fresh, "net/ipv4/", "ip_forward=1 fib_multipath_hash_policy=1 conf/all/send_redirects=0 conf/default/send_redirects=0")
	if p.v6() {
		c.need(&p.fresh, "net/ipv6/", "conf/all/forwarding=1 fib_multipath_hash_policy=1")
	}
}
