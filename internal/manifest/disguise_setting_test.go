package manifest

import (
	"strings"
	"testing"
)

// No address of a setting leaves as it is, in whatever a word it stands; settings
// without one stay as they are.
func TestDisguiseSetting(t *testing.T) {
	d := NewDisguise([]byte("key"))
	for _, s := range []string{"iptables", "true", "", "rr, sh", "10", "node-role.kubernetes.io/worker", "30000-32767"} {
		if got := d.setting(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
	for s, words := range map[string]int{
		"10.244.0.0/16": 1, "10.244.0.0/16,2001:db8::/56": 2, "10.244.0.0/16,foo": 2, "10.244.0.0/99": 1, "10.0.0.1:10256": 1,
		"[2001:db8::1]:10256": 1, "fe80::1%eth0": 1, "foo 10.0.0.1": 2,
	} {
		got := d.setting(s)
		for _, part := range []string{"10.0.0", "10.244", "2001:db8::", "fe80::1"} {
			if strings.Contains(s, part) && strings.Contains(got, part) {
				t.Errorf("%q became %q", s, got)
			}
		}
		if n := len(strings.Split(got, ",")); n != words {
			t.Errorf("%q became %q: %d words, want %d", s, got, n, words)
		}
	}
	if got := d.setting("10.244.0.0/16,foo"); !strings.HasSuffix(got, ",foo") {
		t.Errorf("a word that is no address went: %q", got)
	}
}
