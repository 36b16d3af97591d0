{{- define "portolan.account" -}}
{{ if .Values.serviceAccount.name }}{{ .Values.serviceAccount.name }}{{ else }}{{ .Release.Name }}{{ end }}
{{- end -}}
{{- define "portolan.labels" -}}
{app.kubernetes.io/name: portolan, app.kubernetes.io/instance: {{ quote .Release.Name }}, app.kubernetes.io/managed-by: {{ quote .Release.Service }}}
{{- end -}}
{{- define "portolan.selector" -}}
{app.kubernetes.io/name: portolan, app.kubernetes.io/instance: {{ quote .Release.Name }}}
{{- end -}}
