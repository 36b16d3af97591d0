package e2e

import (
	"os"

	"github.com/portolan-net/portolan/internal/kube"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/model"
)

// asked is what `kubectl get` has to print for a dump that holds all that is read of
// a cluster: the kinds that an API server has by itself, by group and name, since
// what is not used is listed in the order in which it was read.
const asked = "namespaces,nodes,pods,replicationcontrollers,services," +
	"mutatingwebhookconfigurations.admissionregistration.k8s.io,validatingwebhookconfigurations.admissionregistration.k8s.io," +
	"customresourcedefinitions.apiextensions.k8s.io,apiservices.apiregistration.k8s.io," +
	"daemonsets.apps,deployments.apps,replicasets.apps,statefulsets.apps,cronjobs.batch,jobs.batch," +
	"endpointslices.discovery.k8s.io,networkpolicies.networking.k8s.io,servicecidrs.networking.k8s.io"

// askedOfMetalLB are MetalLB's, where it is.
const askedOfMetalLB = "ipaddresspools.metallb.io,bgpadvertisements.metallb.io,l2advertisements.metallb.io,bgppeers.metallb.io"

// Live reads the cluster as a user, with files beside it.
func (c *Cluster) Live(user string, files ...string) *manifest.Input {
	c.t.Helper()
	client, err := kube.Open(kube.Flags{Kubeconfig: c.Kubeconfig(user)})
	must(c.t, err)
	r, err := client.Read(c.t.Context(), kube.Options{})
	must(c.t, err)
	for _, f := range files {
		text, err := os.ReadFile(f)
		must(c.t, err)
		must(c.t, r.Builder.Add(f, text))
	}
	in, err := r.Input()
	must(c.t, err)
	return in
}

// Dump writes what the real kubectl prints of the kinds to a file. It leaves out who
// manages an object unless it is told not to.
func (c *Cluster) Dump(kinds string) string {
	c.t.Helper()
	file := c.file("dump.yaml")
	must(c.t, os.WriteFile(file, []byte(c.Kubectl("admin", "", "get", kinds, "-A", "-o", "yaml", "--show-managed-fields")), 0o600))
	return file
}

// Compile reads the cluster as the admin, with files beside it, and compiles it.
func (c *Cluster) Compile(files ...string) *model.Model {
	c.t.Helper()
	m, err := model.Compile(c.Live("admin", files...).Snapshot)
	must(c.t, err)
	return m
}
