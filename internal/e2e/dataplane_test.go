package e2e

import (
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"

	"github.com/portolan-net/portolan/internal/lab"
	"github.com/portolan-net/portolan/internal/proof"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/nft"
)

// plane is a lab's dataplane: the real kube-proxy on every node, which watches the
// API server as in any cluster, and our rules for NetworkPolicy, since an enforcer
// is not a part of Kubernetes. It is a proof.Follower.
type plane struct {
	*proof.Rules
	c *Cluster

	mu      sync.Mutex
	proxies map[string]*process
	doors   []net.Listener
}

// clusterCIDR holds the pods of every cluster here.
const clusterCIDR = "10.244.0.0/16"

func newPlane(c *Cluster, m *model.Model) (*plane, error) {
	if err := m.PrintablePolicy(); err != nil {
		return nil, err
	}
	o := nft.For(m)
	o.Services = false
	return &plane{Rules: proof.OursWith(m, o), c: c, proxies: map[string]*process{}}, nil
}

// Install is called inside the node's network namespace. kube-proxy is started there
// once; of what changes it learns by itself.
func (p *plane) Install(n *lab.Machine) error {
	if err := p.Rules.Install(n); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.proxies[n.Node()] != nil {
		return nil
	}
	at, err := p.c.door()
	if err != nil {
		return err
	}
	p.doors = append(p.doors, at)
	config := p.c.writeKubeconfig("kube-proxy-"+n.Node(), "https://"+at.Addr().String(), p.c.tokens["system:kube-proxy"])
	proxy, err := launch(p.c.dir, "kube-proxy",
		"--kubeconfig="+config, "--hostname-override="+n.Node(), "--proxy-mode=nftables",
		"--cluster-cidr="+clusterCIDR,
		// Not a namespace's to set.
		"--conntrack-max-per-core=0", "--conntrack-min=0", "--oom-score-adj=0",
		"--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0",
	)
	if err != nil {
		return err
	}
	p.c.parts = append(p.c.parts, proxy)
	p.proxies[n.Node()] = proxy
	return nil
}

// door is an address of the calling thread's network namespace, on the loopback
// device, that leads to the API server in the tests' own: what a cluster has a
// network for.
func (c *Cluster) door() (net.Listener, error) {
	at, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		go relay(at, fmt.Sprintf("127.0.0.1:%d", c.port))
	}
	return at, err
}

// relay passes connections on.
func relay(at net.Listener, to string) {
	for {
		from, err := at.Accept()
		if err != nil {
			return // closed
		}
		go func() {
			defer from.Close() //nolint:errcheck // the other side is told
			up, err := net.Dial("tcp", to)
			if err != nil {
				return // as if the API server did
			}
			defer up.Close() //nolint:errcheck // likewise
			go func() {
				_, _ = io.Copy(up, from) // until either side ends
				_ = up.Close()
			}()
			_, _ = io.Copy(from, up)
		}()
	}
}

// Await waits until every node's kernel has the rules of kube-proxy that contain all
// the words. kube-proxy calls itself healthy before that.
func (p *plane) Await(l *lab.Lab, words ...string) {
	p.c.t.Helper()
	for _, n := range l.Nodes() {
		p.c.until("kube-proxy's rules are on "+n.Name, func() error {
			var rules []byte
			err := n.Do(func() error {
				var err error
				rules, err = exec.Command("nft", "list", "table", "ip", "kube-proxy").CombinedOutput()
				return err
			})
			if err != nil {
				return fmt.Errorf("%w: %s", err, rules)
			}
			for _, w := range words {
				if !strings.Contains(string(rules), w) {
					return fmt.Errorf("no %q", w)
				}
			}
			return nil
		})
	}
}

// Close ends kube-proxy everywhere.
func (p *plane) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.proxies {
		one.kill()
	}
	for _, at := range p.doors {
		_ = at.Close() // a listener
	}
	return p.Rules.Close()
}
