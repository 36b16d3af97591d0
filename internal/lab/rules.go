//go:build linux

package lab

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
)

// rules is an nftables table of the lab itself: what routers refuse, and what a
// pod network masquerades.
type rules struct {
	name  string
	lines []string
}

// elementsAtOnce bounds a line: an ordinary user's netlink socket takes some
// 7,000 elements at once.
const elementsAtOnce = 2000

// set adds two sets of ranges, name for IPv4 and name6 for IPv6.
func (t *rules) set(name string, ranges []netip.Prefix) {
	for _, f := range []struct {
		typed, name string
		v6          bool
	}{{"ipv4_addr", name, false}, {"ipv6_addr", name + "6", true}} {
		t.lines = append(t.lines, fmt.Sprintf("add set inet %s %s { type %s; flags interval; auto-merge; }", t.name, f.name, f.typed))
		var words []string
		for _, r := range ranges {
			if r.Addr().Is6() == f.v6 {
				words = append(words, r.Masked().String())
			}
		}
		for len(words) > 0 {
			n := min(len(words), elementsAtOnce)
			t.lines = append(t.lines, fmt.Sprintf("add element inet %s %s { %s }", t.name, f.name, strings.Join(words[:n], ", ")))
			words = words[n:]
		}
	}
}

// chain adds a base chain and its rules.
func (t *rules) chain(name, typed string, all ...string) {
	t.lines = append(t.lines, fmt.Sprintf("add chain inet %s %s { %s; }", t.name, name, typed))
	for _, r := range all {
		t.add(name, r)
	}
}

func (t *rules) add(chain, rule string) {
	t.lines = append(t.lines, fmt.Sprintf("add rule inet %s %s %s", t.name, chain, rule))
}

// parts are the lines in transactions that are not too large.
func (t *rules) parts() []string {
	all := []string{"add table inet " + t.name + "\n"}
	for _, l := range t.lines {
		if last := &all[len(all)-1]; len(*last)+len(l) < 50*elementsAtOnce {
			*last += l + "\n"
		} else {
			all = append(all, l+"\n")
		}
	}
	return all
}

// load puts the rules into this thread's namespace.
func (t *rules) load() error {
	program := "nft"
	if _, err := exec.LookPath(program); err != nil {
		program = "/usr/sbin/nft" // the PATH of an ordinary user often lacks it
	}
	for _, text := range t.parts() {
		cmd := exec.Command(program, "-f", "-")
		cmd.Stdin = strings.NewReader(text)
		said, err := cmd.CombinedOutput()
		switch {
		case errors.Is(err, exec.ErrNotFound), errors.Is(err, os.ErrNotExist):
			return errors.New("there is no nft: install the package nftables")
		case err != nil:
			return fmt.Errorf("nft: %w: %s", err, strings.TrimSpace(string(said)))
		}
	}
	return nil
}
