package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	helm "helm.sh/helm/v4/pkg/cmd"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kubeproxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	"k8s.io/kubernetes/pkg/controller/endpointslice"

	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
)

// roles are the parts of a cluster that this binary is, by the name under which it
// is called. Each returns its exit code.
var roles = map[string]func() int{
	"etcd":                     func() int { return complain(etcd(os.Args[1], os.Args[2], os.Args[3])) },
	"kube-apiserver":           func() int { return cli.Run(apiserver.NewAPIServerCommand()) },
	"endpointslice-controller": func() int { return complain(endpointSlices(os.Args[1])) },
	"kube-proxy":               func() int { return cli.Run(kubeproxy.NewProxyCommand()) },
	"kubectl": func() int {
		kubectlutil.CheckErr(cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()))
		return 0
	},
	"helm": func() int {
		c, err := helm.NewRootCmd(os.Stdout, os.Args[1:], helm.SetupLogging)
		if err == nil {
			err = c.Execute()
		}
		if err != nil {
			return complain(err)
		}
		return 0
	},
}

func complain(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// etcd keeps its data in a directory and listens on two URLs. It runs until it is
// killed, and then the data is still good: only a machine that stops could lose what
// was not synced to the disk.
func etcd(dir, client, peer string) error {
	clientURL, err := url.Parse(client)
	if err != nil {
		return err
	}
	peerURL, err := url.Parse(peer)
	if err != nil {
		return err
	}
	c := embed.NewConfig()
	c.Dir, c.UnsafeNoFsync = dir, true
	c.LogLevel, c.LogOutputs = "warn", []string{"stderr"}
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{*clientURL}, []url.URL{*clientURL}
	c.ListenPeerUrls, c.AdvertisePeerUrls = []url.URL{*peerURL}, []url.URL{*peerURL}
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	e, err := embed.StartEtcd(c)
	if err != nil {
		return err
	}
	return <-e.Err()
}

// endpointSlices is the controller that kube-controller-manager runs under this
// name, with its defaults.
func endpointSlices(kubeconfig string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 1000, 1000
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx := context.Background()
	f := informers.NewSharedInformerFactory(client, 0)
	c := endpointslice.NewController(ctx,
		f.Core().V1().Pods(), f.Core().V1().Services(), f.Core().V1().Nodes(), f.Discovery().V1().EndpointSlices(),
		100, client, 100*time.Millisecond)
	f.Start(ctx.Done())
	c.Run(ctx, 5)
	return errors.New("ended")
}
