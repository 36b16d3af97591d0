package kube

import (
	"io"
	"strings"
)

// WatchRoleName is the ClusterRole's of what watches.
const WatchRoleName = "portolan-watch"

// WatchRights are what watching needs where reading needs these: each list is watched
// besides. ConfigMaps are read again now and then.
func WatchRights(reading []Right) []Right {
	out := make([]Right, len(reading))
	for i, r := range reading {
		if r.Verb == "list" {
			r.Verb = "list, watch"
		}
		out[i] = r
	}
	return out
}

// WriteWatchRole writes the ClusterRole that watching any cluster needs.
func WriteWatchRole(w io.Writer) error {
	var b strings.Builder
	if err := WriteRole(&b, WatchRights(EveryRight())); err != nil {
		return err
	}
	_, err := io.WriteString(w, strings.Replace(b.String(), "name: "+RoleName, "name: "+WatchRoleName, 1))
	return err
}
