package manifest

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Pods as a cluster holds them: one or two containers with env, probes and
// volumes, and a status. 15.9 kB each as kubectl prints JSON, 6.9 kB as YAML.

// entries are the fields of an object, in the order of the API server: sorted.
type entries []entry

type entry struct {
	key string
	val any // entries, []any, string, int or bool
}

// writePods writes n pods as `kubectl get pods -A -o json` does, or -o yaml.
func writePods(w io.Writer, n int, asYAML bool) error {
	out := bufio.NewWriterSize(w, 1<<20)
	var buf []byte
	if asYAML {
		out.WriteString("apiVersion: v1\nitems:\n")
	} else {
		out.WriteString("{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n        ")
	}
	for i := range n {
		buf = buf[:0]
		if asYAML {
			buf = yamlValue(append(buf, "- "...), realisticPod(i), 2)
		} else {
			if i > 0 {
				buf = append(buf, ",\n        "...)
			}
			buf = jsonValue(buf, realisticPod(i), 8)
		}
		out.Write(buf)
	}
	if asYAML {
		out.WriteString("kind: List\nmetadata:\n  resourceVersion: \"\"\n")
	} else {
		out.WriteString("\n    ],\n    \"kind\": \"List\",\n    \"metadata\": {\n        \"resourceVersion\": \"\"\n    }\n}\n")
	}
	return out.Flush()
}

func jsonValue(buf []byte, v any, indent int) []byte {
	line := func(in int) { buf = append(append(buf, '\n'), strings.Repeat(" ", in)...) }
	switch v := v.(type) {
	case entries:
		buf = append(buf, '{')
		for i, e := range v {
			if i > 0 {
				buf = append(buf, ',')
			}
			line(indent + 4)
			buf = append(strconv.AppendQuote(buf, e.key), ": "...)
			buf = jsonValue(buf, e.val, indent+4)
		}
		if len(v) > 0 {
			line(indent)
		}
		return append(buf, '}')
	case []any:
		buf = append(buf, '[')
		for i, e := range v {
			if i > 0 {
				buf = append(buf, ',')
			}
			line(indent + 4)
			buf = jsonValue(buf, e, indent+4)
		}
		line(indent)
		return append(buf, ']')
	case string:
		return strconv.AppendQuote(buf, v)
	}
	if v == nil {
		return append(buf, "null"...)
	}
	return fmt.Append(buf, v)
}

// yamlValue writes v behind "key:" or "- ", whose own fields stand at indent.
func yamlValue(buf []byte, v any, indent int) []byte {
	switch v := v.(type) {
	case entries:
		if len(v) == 0 {
			return append(buf, "{}\n"...)
		}
		for i, e := range v {
			if i > 0 {
				buf = append(buf, strings.Repeat(" ", indent)...)
			}
			buf = append(append(buf, e.key...), ':')
			switch val := e.val.(type) {
			case entries:
				if len(val) > 0 {
					buf = append(append(buf, '\n'), strings.Repeat(" ", indent+2)...)
				} else {
					buf = append(buf, ' ')
				}
				buf = yamlValue(buf, val, indent+2)
			case []any:
				buf = append(buf, '\n')
				for _, item := range val {
					buf = append(append(buf, strings.Repeat(" ", indent)...), "- "...)
					buf = yamlValue(buf, item, indent+2)
				}
			default:
				buf = yamlValue(append(buf, ' '), val, indent)
			}
		}
		return buf
	case string:
		if v == "" || plain(v) != isString || strings.Contains(v, "\": ") || strings.HasPrefix(v, "{") || strings.HasPrefix(v, "2026-") {
			return append(strconv.AppendQuote(buf, v), '\n')
		}
		return append(append(buf, v...), '\n')
	}
	if v == nil {
		return append(buf, "null\n"...)
	}
	return append(fmt.Append(buf, v), '\n')
}

// realisticPod is the i-th pod.
func realisticPod(i int) entries {
	app, ns := fmt.Sprintf("app-%d", i/7%2000), fmt.Sprintf("team-%d", i/50%1000)
	hash, node := fmt.Sprintf("%010x", uint32(i/7)*2654435761), fmt.Sprintf("worker-%d.example.internal", i%5000)
	name := fmt.Sprintf("%s-%s-%05x", app, hash, i%(1<<20))
	ip, host := fmt.Sprintf("10.%d.%d.%d", 64+i>>16, i>>8&255, i&255), fmt.Sprintf("192.168.%d.%d", i%5000>>8, i%5000&255)
	when := fmt.Sprintf("2026-05-%02dT%02d:%02d:%02dZ", 1+i%28, i%24, i%60, i%60)
	uid := fmt.Sprintf("%08x-9d5a-4f5c-a0b1-%012x", i, i*7919)
	containers, statuses := []any{realisticContainer(app, 0)}, []any{realisticStatus(app, uid, when, 0)}
	if i%7 == 0 {
		containers, statuses = append(containers, realisticContainer("proxy", 1)), append(statuses, realisticStatus("proxy", uid, when, 1))
	}
	return entries{
		{"apiVersion", "v1"},
		{"kind", "Pod"},
		{"metadata", entries{
			{"annotations", entries{
				{"checksum/config", strings.Repeat(hash, 6)},
				{"cni.projectcalico.org/containerID", strings.Repeat(hash, 6)},
				{"cni.projectcalico.org/podIP", ip + "/32"},
				{"prometheus.io/scrape", "true"},
			}},
			{"creationTimestamp", when},
			{"generateName", app + "-" + hash + "-"},
			{"labels", entries{
				{"app.kubernetes.io/instance", app},
				{"app.kubernetes.io/name", app},
				{"app.kubernetes.io/version", "1." + strconv.Itoa(i%9) + ".0"},
				{"pod-template-hash", hash},
				{"tier", []string{"web", "backend", "db"}[i%3]},
			}},
			{"name", name},
			{"namespace", ns},
			{"ownerReferences", []any{entries{
				{"apiVersion", "apps/v1"},
				{"blockOwnerDeletion", true},
				{"controller", true},
				{"kind", "ReplicaSet"},
				{"name", app + "-" + hash},
				{"uid", uid},
			}}},
			{"resourceVersion", strconv.Itoa(10000 + i)},
			{"uid", uid},
		}},
		{"spec", entries{
			{"affinity", entries{{"podAntiAffinity", entries{{"preferredDuringSchedulingIgnoredDuringExecution", []any{entries{
				{"podAffinityTerm", entries{
					{"labelSelector", entries{{"matchLabels", entries{{"app.kubernetes.io/name", app}}}}},
					{"topologyKey", "kubernetes.io/hostname"},
				}},
				{"weight", 100},
			}}}}}}},
			{"containers", containers},
			{"dnsPolicy", "ClusterFirst"},
			{"enableServiceLinks", true},
			{"nodeName", node},
			{"preemptionPolicy", "PreemptLowerPriority"},
			{"priority", 0},
			{"restartPolicy", "Always"},
			{"schedulerName", "default-scheduler"},
			{"securityContext", entries{{"fsGroup", 1000}, {"runAsNonRoot", true}}},
			{"serviceAccount", app},
			{"serviceAccountName", app},
			{"terminationGracePeriodSeconds", 30},
			{"tolerations", []any{
				entries{{"effect", "NoExecute"}, {"key", "node.kubernetes.io/not-ready"}, {"operator", "Exists"}, {"tolerationSeconds", 300}},
				entries{{"effect", "NoExecute"}, {"key", "node.kubernetes.io/unreachable"}, {"operator", "Exists"}, {"tolerationSeconds", 300}},
			}},
			{"volumes", []any{
				entries{{"configMap", entries{{"defaultMode", 420}, {"name", app + "-config"}}}, {"name", "config"}},
				entries{{"emptyDir", entries{}}, {"name", "tmp"}},
				entries{{"name", "kube-api-access-" + hash[:5]}, {"projected", entries{{"defaultMode", 420}, {"sources", []any{
					entries{{"serviceAccountToken", entries{{"expirationSeconds", 3607}, {"path", "token"}}}},
					entries{{"configMap", entries{{"items", []any{entries{{"key", "ca.crt"}, {"path", "ca.crt"}}}}, {"name", "kube-root-ca.crt"}}}},
					entries{{"downwardAPI", entries{{"items", []any{entries{
						{"fieldRef", entries{{"apiVersion", "v1"}, {"fieldPath", "metadata.namespace"}}},
						{"path", "namespace"},
					}}}}}},
				}}}}},
			}},
		}},
		{"status", entries{
			{"conditions", []any{
				realisticCondition("PodReadyToStartContainers", when), realisticCondition("Initialized", when),
				realisticCondition("Ready", when), realisticCondition("ContainersReady", when), realisticCondition("PodScheduled", when),
			}},
			{"containerStatuses", statuses},
			{"hostIP", host},
			{"hostIPs", []any{entries{{"ip", host}}}},
			{"phase", "Running"},
			{"podIP", ip},
			{"podIPs", []any{entries{{"ip", ip}}}},
			{"qosClass", "Burstable"},
			{"startTime", when},
		}},
	}
}

func realisticCondition(name, when string) entries {
	return entries{{"lastProbeTime", nil}, {"lastTransitionTime", when}, {"status", "True"}, {"type", name}}
}

func realisticContainer(name string, i int) entries {
	env := []any{
		entries{{"name", "POD_NAME"}, {"valueFrom", entries{{"fieldRef", entries{{"apiVersion", "v1"}, {"fieldPath", "metadata.name"}}}}}},
		entries{{"name", "POD_NAMESPACE"}, {"valueFrom", entries{{"fieldRef", entries{{"apiVersion", "v1"}, {"fieldPath", "metadata.namespace"}}}}}},
		entries{{"name", "DATABASE_PASSWORD"}, {"valueFrom", entries{{"secretKeyRef", entries{{"key", "password"}, {"name", name + "-db"}}}}}},
	}
	for _, k := range []string{"LOG_LEVEL", "LOG_FORMAT", "OTEL_EXPORTER_OTLP_ENDPOINT", "CACHE_URL", "FEATURE_FLAGS", "MAX_CONNECTIONS"} {
		env = append(env, entries{{"name", k}, {"value", "tcp://" + name + "." + strings.ToLower(k) + ".svc.cluster.local:" + strconv.Itoa(8000+i)}})
	}
	probe := func(path string, delay int) entries {
		return entries{
			{"failureThreshold", 3},
			{"httpGet", entries{{"path", path}, {"port", "http"}, {"scheme", "HTTP"}}},
			{"initialDelaySeconds", delay},
			{"periodSeconds", 10},
			{"successThreshold", 1},
			{"timeoutSeconds", 1},
		}
	}
	return entries{
		{"args", []any{"--listen=:8080", "--config=/etc/" + name + "/config.yaml", "--metrics=:9090"}},
		{"env", env},
		{"image", "registry.example.com/platform/" + name + ":v1.4.2"},
		{"imagePullPolicy", "IfNotPresent"},
		{"livenessProbe", probe("/healthz", 10)},
		{"name", name},
		{"ports", []any{
			entries{{"containerPort", 8080 + i}, {"name", "http"}, {"protocol", "TCP"}},
			entries{{"containerPort", 9090 + i}, {"name", "metrics"}, {"protocol", "TCP"}},
		}},
		{"readinessProbe", probe("/ready", 5)},
		{"resources", entries{
			{"limits", entries{{"cpu", "1"}, {"memory", "512Mi"}}},
			{"requests", entries{{"cpu", "100m"}, {"memory", "128Mi"}}},
		}},
		{"securityContext", entries{
			{"allowPrivilegeEscalation", false},
			{"capabilities", entries{{"drop", []any{"ALL"}}}},
			{"readOnlyRootFilesystem", true},
			{"runAsUser", 1000},
		}},
		{"terminationMessagePath", "/dev/termination-log"},
		{"terminationMessagePolicy", "File"},
		{"volumeMounts", []any{
			entries{{"mountPath", "/etc/" + name}, {"name", "config"}, {"readOnly", true}},
			entries{{"mountPath", "/tmp"}, {"name", "tmp"}},
			entries{{"mountPath", "/var/run/secrets/kubernetes.io/serviceaccount"}, {"name", "kube-api-access"}, {"readOnly", true}},
		}},
	}
}

func realisticStatus(name, uid, when string, restarts int) entries {
	return entries{
		{"containerID", "containerd://" + strings.Repeat(uid[:8], 8)},
		{"image", "registry.example.com/platform/" + name + ":v1.4.2"},
		{"imageID", "registry.example.com/platform/" + name + "@sha256:" + strings.Repeat(uid[:8], 8)},
		{"lastState", entries{}},
		{"name", name},
		{"ready", true},
		{"restartCount", restarts},
		{"started", true},
		{"state", entries{{"running", entries{{"startedAt", when}}}}},
	}
}
