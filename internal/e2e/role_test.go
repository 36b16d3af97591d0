package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	authnv1 "k8s.io/api/authentication/v1"
	authzv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/portolan-net/portolan/internal/kube"
)

// right is one thing that a rule lets somebody do.
type right struct{ verb, group, resource, name string }

// String is "list networkpolicies.networking.k8s.io".
func (r right) String() string {
	s := r.verb + " " + r.resource
	if r.group != "" {
		s += "." + r.group
	}
	if r.name != "" {
		s += "/" + r.name
	}
	return s
}

// rights takes rules apart.
func rights(rules []rbacv1.PolicyRule) []right {
	all := map[right]bool{}
	for _, r := range rules {
		names := r.ResourceNames
		if len(names) == 0 {
			names = []string{""}
		}
		for _, verb := range r.Verbs {
			for _, group := range r.APIGroups {
				for _, resource := range r.Resources {
					for _, name := range names {
						all[right{verb, group, resource, name}] = true
					}
				}
			}
		}
	}
	return slices.SortedFunc(maps.Keys(all), func(a, b right) int { return strings.Compare(a.String(), b.String()) })
}

// role puts rights together again.
func role(all []right) []rbacv1.PolicyRule {
	var rules []rbacv1.PolicyRule
	for _, r := range all {
		rule := rbacv1.PolicyRule{Verbs: []string{r.verb}, APIGroups: []string{r.group}, Resources: []string{r.resource}}
		if r.name != "" {
			rule.ResourceNames = []string{r.name}
		}
		rules = append(rules, rule)
	}
	return rules
}

// reader is a ServiceAccount with a ClusterRole that a test changes.
type reader struct {
	*Cluster
	client *kubernetes.Clientset // as the reader
	role   string
}

// newReader makes a ServiceAccount, with a token as a pod of it would have, that may
// do nothing yet.
func newReader(c *Cluster, name string) *reader {
	c.t.Helper()
	ctx := c.t.Context()
	_, err := c.Client.CoreV1().ServiceAccounts("default").Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	must(c.t, err)
	token, err := c.Client.CoreV1().ServiceAccounts("default").CreateToken(ctx, name, &authnv1.TokenRequest{}, metav1.CreateOptions{})
	must(c.t, err)
	c.tokens[name] = token.Status.Token
	meta := metav1.ObjectMeta{Name: name}
	_, err = c.Client.RbacV1().ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: meta}, metav1.CreateOptions{})
	must(c.t, err)
	_, err = c.Client.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: "default", Name: name}},
	}, metav1.CreateOptions{})
	must(c.t, err)
	config := rest.CopyConfig(c.Config)
	config.BearerToken = token.Status.Token
	client, err := kubernetes.NewForConfig(config)
	must(c.t, err)
	return &reader{Cluster: c, client: client, role: name}
}

// may gives the reader these rights and no others, and waits until the API server has
// noticed, as far as it concerns all that is named.
func (r *reader) may(these, all []right) {
	r.t.Helper()
	ctx := r.t.Context()
	now, err := r.Client.RbacV1().ClusterRoles().Get(ctx, r.role, metav1.GetOptions{})
	must(r.t, err)
	now.Rules = role(these)
	_, err = r.Client.RbacV1().ClusterRoles().Update(ctx, now, metav1.UpdateOptions{})
	must(r.t, err)
	for _, one := range all {
		want := slices.Contains(these, one)
		r.until("the API server knows who may "+one.String(), func() error {
			review := &authzv1.SelfSubjectAccessReview{Spec: authzv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authzv1.ResourceAttributes{
				Verb: one.verb, Group: one.group, Resource: one.resource, Name: one.name,
			}}}
			got, err := r.client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
			if err == nil && got.Status.Allowed != want {
				err = fmt.Errorf("allowed: %v", got.Status.Allowed)
			}
			return err
		})
	}
}

// printedRole is what `portolan auth` prints for people to apply.
func (c *Cluster) printedRole() []right {
	c.t.Helper()
	did := c.Portolan("admin", "", "auth", "-o", "yaml")
	objects, err := parseObjects([]byte(did.Out))
	if err != nil || did.Code != 0 {
		c.t.Fatalf("portolan auth: exit %d, %v: %s%s", did.Code, err, did.Err, did.Out)
	}
	var rules []rbacv1.PolicyRule
	for _, o := range only(objects, "ClusterRole", "Role") {
		var one rbacv1.ClusterRole
		must(c.t, runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &one))
		rules = append(rules, one.Rules...)
	}
	if len(rules) == 0 {
		c.t.Fatalf("portolan auth prints no rules: %s", did.Out)
	}
	return rights(rules)
}

// unread is what a reading says that it did not get: "list pods".
func (c *Cluster) unread(user string) []string {
	c.t.Helper()
	client, err := kube.Open(kube.Flags{Kubeconfig: c.Kubeconfig(user)})
	must(c.t, err)
	r, err := client.Read(c.t.Context(), kube.Options{})
	must(c.t, err)
	all := []string{}
	for _, u := range r.Unread {
		if !u.Forbidden {
			c.t.Errorf("%s %s: %s", u.Verb, u.Resource, u.Why)
		}
		all = append(all, u.Verb+" "+u.Resource)
	}
	return all
}

// TestRole: the ClusterRole that `portolan auth` prints suffices to read what an
// admin reads, and is no more than that: each right that is taken away is missed, by
// its name.
func TestRole(t *testing.T) {
	c := start(t)
	for _, file := range []string{sharedVIP + "/cluster.yaml", "testdata/metallb.yaml", "testdata/kube-proxy.yaml"} {
		all, err := readObjects(file)
		must(t, err)
		c.Register(all)
	}
	all := c.printedRole()
	t.Logf("%d rights: %v", len(all), all)
	r := newReader(c, "portolan")

	r.may(all, all)
	if lost := c.unread("portolan"); len(lost) > 0 {
		t.Errorf("with the whole role these are not read: %v", lost)
	}
	if did := c.Portolan("portolan", "", "auth"); did.Code != 0 {
		t.Errorf("portolan auth with the whole role: exit %d: %s%s", did.Code, did.Out, did.Err)
	}
	if d := differences(c.Live("admin").Snapshot, c.Live("portolan").Snapshot); d != "" {
		t.Errorf("the role does not read what an admin (-) reads:\n%s", d)
	}
	for _, gone := range all {
		r.may(lack(t, all, gone), []right{gone})
		if lost := c.unread("portolan"); !slices.Equal(lost, []string{gone.String()}) {
			t.Errorf("without %s these are not read: %q", gone, lost)
		}
		whole := right{verb: gone.verb, group: gone.group, resource: gone.resource}
		if did := c.Portolan("portolan", "", "auth"); did.Code != 1 || !says(did.Out, whole.String()) {
			t.Errorf("without %s portolan auth: exit %d: %s%s", gone, did.Code, did.Out, did.Err)
		}
	}
}

// TestForbidden: what an answer rests on and who asks may not read makes the answer
// UNKNOWN, exit code 2, and it says which right is missing. The address is asked, not
// the Service by its name: without Services nobody knows that name.
func TestForbidden(t *testing.T) {
	c := start(t)
	all, err := readObjects(sharedVIP + "/cluster.yaml")
	must(t, err)
	c.Register(all)
	whole := c.printedRole()
	r := newReader(c, "portolan")
	r.may(whole, whole)
	ask := []string{"trace", "external", "198.51.100.17:22", "-f", sharedVIP + "/fabric.yaml"}
	if did := c.Portolan("portolan", "", ask...); did.Code != 0 || !strings.Contains(did.Out, "UNREACHABLE") {
		t.Fatalf("with all rights: exit %d: %s%s", did.Code, did.Err, did.Out)
	}
	for _, gone := range []right{
		{"list", "", "nodes", ""}, {"list", "", "pods", ""}, {"list", "", "services", ""}, {"list", "networking.k8s.io", "networkpolicies", ""},
	} {
		r.may(lack(t, whole, gone), []right{gone})
		did := c.Portolan("portolan", "", ask...)
		if !says(did.Out+did.Err, gone.String()) || !says(did.Out, "UNKNOWN") || did.Code != 2 {
			t.Errorf("without the right to %s: exit %d: %s%s", gone, did.Code, did.Err, did.Out)
		}
	}
	// Endpoints follow from selectors and pods, as in a dump that holds no slices.
	gone := right{"list", "discovery.k8s.io", "endpointslices", ""}
	r.may(lack(t, whole, gone), []right{gone})
	if did := c.Portolan("portolan", "", ask...); !says(did.Out+did.Err, gone.String()) || did.Code == 3 {
		t.Errorf("without the right to %s: exit %d: %s%s", gone, did.Code, did.Err, did.Out)
	}
}

// lack is a role without one right.
func lack(t *testing.T, all []right, gone right) []right {
	t.Helper()
	at := slices.Index(all, gone)
	if at < 0 {
		t.Fatalf("the role has no right to %s", gone)
	}
	return slices.Delete(slices.Clone(all), at, at+1)
}

// says reports whether a text has the words, wherever its lines are broken.
func says(text, words string) bool {
	return strings.Contains(strings.Join(strings.Fields(text), " "), words)
}
