package generate

import (
	"fmt"
	"strings"
)

// fill adds to a pod what the pods of people carry besides what is read here.
func fill(spec, status object, containers []object) {
	const when = "2026-05-04T08:15:00Z"
	var states []object
	for _, c := range containers {
		name := fmt.Sprint(c["name"])
		fillContainer(c, name)
		states = append(states, object{
			"containerID": "containerd://" + strings.Repeat("0f", 32), "image": c["image"], "imageID": "sha256:" + strings.Repeat("a1", 32),
			"lastState": object{}, "name": name, "ready": true, "restartCount": 0, "started": true,
			"state": object{"running": object{"startedAt": when}},
		})
	}
	status["containerStatuses"], status["startTime"], status["qosClass"] = states, when, "Burstable"
	conditions, _ := status["conditions"].([]object)
	for _, name := range []string{"PodReadyToStartContainers", "Initialized", "ContainersReady", "PodScheduled"} {
		conditions = append(conditions, object{"lastProbeTime": nil, "lastTransitionTime": when, "status": "True", "type": name})
	}
	status["conditions"] = conditions
	for key, value := range map[string]any{
		"dnsPolicy": "ClusterFirst", "enableServiceLinks": true, "priority": 0, "restartPolicy": "Always", "schedulerName": "default-scheduler",
		"serviceAccountName": "default", "terminationGracePeriodSeconds": 30,
		"securityContext": object{"fsGroup": 1000, "runAsNonRoot": true},
		"affinity": object{"podAntiAffinity": object{"preferredDuringSchedulingIgnoredDuringExecution": []object{{
			"podAffinityTerm": object{"labelSelector": object{"matchLabels": object{"spread": "yes"}}, "topologyKey": "kubernetes.io/hostname"}, "weight": 100,
		}}}},
		"tolerations": []object{
			{"effect": "NoExecute", "key": "node.kubernetes.io/not-ready", "operator": "Exists", "tolerationSeconds": 300},
			{"effect": "NoExecute", "key": "node.kubernetes.io/unreachable", "operator": "Exists", "tolerationSeconds": 300},
		},
		"volumes": []object{
			{"configMap": object{"defaultMode": 420, "name": "config"}, "name": "config"},
			{"emptyDir": object{}, "name": "tmp"},
			{"name": "kube-api-access", "projected": object{"defaultMode": 420, "sources": []object{
				{"serviceAccountToken": object{"expirationSeconds": 3607, "path": "token"}},
				{"configMap": object{"items": []object{{"key": "ca.crt", "path": "ca.crt"}}, "name": "kube-root-ca.crt"}},
				{"downwardAPI": object{"items": []object{{"fieldRef": object{"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}}}},
			}}},
		},
	} {
		spec[key] = value
	}
}

func fillContainer(c object, name string) {
	env := []object{
		{"name": "POD_NAME", "valueFrom": object{"fieldRef": object{"apiVersion": "v1", "fieldPath": "metadata.name"}}},
		{"name": "PASSWORD", "valueFrom": object{"secretKeyRef": object{"key": "password", "name": name}}},
	}
	for _, k := range []string{"LOG_LEVEL", "LOG_FORMAT", "OTEL_EXPORTER_OTLP_ENDPOINT", "CACHE_URL", "FEATURE_FLAGS", "MAX_CONNECTIONS"} {
		env = append(env, object{"name": k, "value": "tcp://" + strings.ToLower(k) + ".svc.cluster.local:8000"})
	}
	probe := func(path string) object {
		return object{
			"failureThreshold": 3, "httpGet": object{"path": path, "port": "http", "scheme": "HTTP"}, "initialDelaySeconds": 10,
			"periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1,
		}
	}
	for key, value := range map[string]any{
		"args": []string{"--listen=:8080", "--config=/etc/config.yaml", "--metrics=:9090"}, "env": env, "imagePullPolicy": "IfNotPresent",
		"livenessProbe": probe("/healthz"), "readinessProbe": probe("/ready"),
		"resources":       object{"limits": object{"cpu": "1", "memory": "512Mi"}, "requests": object{"cpu": "100m", "memory": "128Mi"}},
		"securityContext": object{"allowPrivilegeEscalation": false, "capabilities": object{"drop": []string{"ALL"}}, "readOnlyRootFilesystem": true, "runAsUser": 1000},
		"volumeMounts": []object{
			{"mountPath": "/etc", "name": "config", "readOnly": true},
			{"mountPath": "/tmp", "name": "tmp"},
			{"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": "kube-api-access", "readOnly": true},
		},
		"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
	} {
		c[key] = value
	}
}
