// Command portolan explains what happens to a packet in a Kubernetes cluster:
// which Service takes it, who rewrites it, which NetworkPolicy ends it, and why
// it still works from one place.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
