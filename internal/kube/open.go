package kube

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	_ "k8s.io/client-go/plugin/pkg/client/auth" // exec and OIDC, as kubectl knows them
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Flags say which cluster is meant and who asks, with kubectl's names. The zero
// value is what kubectl does without flags.
type Flags struct {
	Kubeconfig, Context, Cluster, User string
	Server, TLSServerName              string
	CertificateAuthority               string
	ClientCertificate, ClientKey       string
	Token, As, AsUID                   string
	AsGroups                           []string
	Insecure                           bool
	// RequestTimeout is a duration ("30s") or a number of seconds; "0" waits for
	// ever, "" for DefaultTimeout.
	RequestTimeout string
}

// DefaultTimeout bounds one request where nobody says otherwise. An API server
// ends a list after a minute by itself.
const DefaultTimeout = 65 * time.Second

// Given reports whether a flag says that a cluster is meant.
func (f *Flags) Given() bool {
	return f.Kubeconfig+f.Context+f.Cluster+f.User+f.Server+f.Token+f.As+f.AsUID != "" || len(f.AsGroups) > 0
}

// Client reads one cluster. It is safe for use by several goroutines.
type Client struct {
	// Context is the kubeconfig's, "" where none was needed. Namespace is that of
	// the context.
	Context   string
	Namespace string
	// Config is for what needs more than reading (exec, port-forward).
	Config *rest.Config

	http *http.Client
	base *url.URL
	// waits is how long the pause before a request is done again; tests shorten it.
	waits func(try int) time.Duration
}

// Error is why a cluster cannot be read: what was tried, why it failed, and what
// to try next.
type Error struct{ What, Why, Hint string }

// Error prints "what: why".
func (e *Error) Error() string {
	if e.What == "" {
		return e.Why
	}
	return e.What + ": " + e.Why
}

// HintLocal is the way out for those who meant files.
const HintLocal = "-f FILE --local reads files alone"

// Configured reports whether a kubeconfig says how to reach a cluster.
func Configured(f Flags) bool {
	if f.Given() {
		return true
	}
	raw, err := f.loader().RawConfig()
	return err != nil || len(raw.Contexts)+len(raw.Clusters) > 0 // what cannot be read is not passed over
}

// InCluster reports whether this is a pod with a service account.
func InCluster() bool {
	if os.Getenv("KUBERNETES_SERVICE_HOST") == "" {
		return false
	}
	_, err := os.Stat("/var/run/secrets/kubernetes.io/serviceaccount/token")
	return err == nil
}

func (f *Flags) loader() clientcmd.ClientConfig {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath, rules.WarnIfAllMissing = f.Kubeconfig, false
	o := &clientcmd.ConfigOverrides{CurrentContext: f.Context, Timeout: f.RequestTimeout}
	o.Context.Cluster, o.Context.AuthInfo = f.Cluster, f.User
	c, a := &o.ClusterInfo, &o.AuthInfo
	c.Server, c.TLSServerName, c.CertificateAuthority, c.InsecureSkipTLSVerify = f.Server, f.TLSServerName, f.CertificateAuthority, f.Insecure
	a.Token, a.ClientCertificate, a.ClientKey = f.Token, f.ClientCertificate, f.ClientKey
	a.Impersonate, a.ImpersonateUID, a.ImpersonateGroups = f.As, f.AsUID, f.AsGroups
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, o)
}

// Open prepares to read the cluster that flags, KUBECONFIG, ~/.kube/config or the
// pod's service account name. Nothing is asked yet. The error is an *Error.
func Open(f Flags) (*Client, error) {
	loader := f.loader()
	cfg, err := loader.ClientConfig()
	if err != nil {
		return nil, f.explain(err)
	}
	cfg = rest.CopyConfig(cfg)
	if f.RequestTimeout == "" && cfg.Timeout == 0 {
		cfg.Timeout = DefaultTimeout
	}
	cfg.UserAgent = "portolan"
	client, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return nil, f.explain(err)
	}
	base, _, err := rest.DefaultServerUrlFor(cfg)
	if err != nil {
		return nil, f.explain(err)
	}
	c := &Client{Config: cfg, http: client, base: base, waits: backoff}
	if raw, err := loader.RawConfig(); err == nil {
		c.Context = raw.CurrentContext
	}
	if f.Context != "" {
		c.Context = f.Context
	}
	if c.Namespace, _, err = loader.Namespace(); err != nil || c.Namespace == "" {
		c.Namespace = "default"
	}
	return c, nil
}

// Name is how people know the cluster: its context, else its address.
func (c *Client) Name() string {
	if c.Context != "" {
		return c.Context
	}
	return c.base.Host
}

// explain says what is wrong with a kubeconfig.
func (f *Flags) explain(err error) *Error {
	e := &Error{What: f.where(), Why: plain(err), Hint: "kubectl config view --minify; " + HintLocal}
	raw, rawErr := f.loader().RawConfig()
	switch {
	case clientcmd.IsEmptyConfig(err):
		e.Why = "no cluster is configured there"
		e.Hint = "--kubeconfig FILE, or KUBECONFIG; " + HintLocal
	case errors.Is(err, os.ErrNotExist):
		e.Why = "no such file"
		e.Hint = "--kubeconfig FILE, or KUBECONFIG; " + HintLocal
	case rawErr == nil && f.Context != "" && raw.Contexts[f.Context] == nil:
		e.Why = fmt.Sprintf("there is no context %q", f.Context)
		e.Hint = "kubectl config get-contexts"
		if names := keys(raw.Contexts); len(names) > 0 {
			e.Hint = "the contexts are " + few(names)
		}
	}
	return e
}

// where is the kubeconfig that counts.
func (f *Flags) where() string {
	switch {
	case f.Kubeconfig != "":
		return f.Kubeconfig
	case os.Getenv(clientcmd.RecommendedConfigPathEnvVar) != "":
		return os.Getenv(clientcmd.RecommendedConfigPathEnvVar)
	}
	return clientcmd.RecommendedHomeFile
}

// Contexts are the names of the kubeconfig's contexts, sorted.
func (f *Flags) Contexts() []string {
	raw, err := f.loader().RawConfig()
	if err != nil {
		return nil
	}
	return keys(raw.Contexts)
}

// Clusters and Users are likewise.
func (f *Flags) Clusters() []string {
	raw, err := f.loader().RawConfig()
	if err != nil {
		return nil
	}
	return keys(raw.Clusters)
}

// Users are the names of the kubeconfig's users, sorted.
func (f *Flags) Users() []string {
	raw, err := f.loader().RawConfig()
	if err != nil {
		return nil
	}
	return keys(raw.AuthInfos)
}

func keys[T any](m map[string]T) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

// few lists up to five names.
func few(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
