{{/* The name of everything that belongs to the server. */}}
{{- define "merlon.extproc" -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}-extproc
{{- end }}

{{/* Labels by which a Service finds its pods; they never change. */}}
{{- define "merlon.selector" -}}
app.kubernetes.io/name: merlon
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: extproc
{{- end }}

{{- define "merlon.labels" -}}
{{ include "merlon.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* Where proxies reach the server. */}}
{{- define "merlon.host" -}}
{{ include "merlon.extproc" . }}.{{ .Release.Namespace }}.svc.cluster.local
{{- end }}

{{- define "merlon.policyConfigMap" -}}
{{ .Values.policyConfigMap | default (printf "%s-policy" (include "merlon.extproc" .)) }}
{{- end }}

{{/* Istio's name for where a filter goes. */}}
{{- define "merlon.context" -}}
{{ eq .Values.istio.context "gateway" | ternary "GATEWAY" "SIDECAR_INBOUND" }}
{{- end }}

{{/* What the plugin is told, as JSON. */}}
{{- define "merlon.plugin" -}}
{{- $told := dict }}
{{- with .Values.istio.wasm.policyImage }}{{ $_ := set $told "policy" . }}{{ end }}
{{- with .Values.istio.mode }}{{ $_ := set $told "mode" . }}{{ end }}
{{- if eq .Values.istio.wasm.form "wasm-plugin" }}{{ $_ := set $told "holdHead" false }}{{ end }}
{{- $told | toJson }}
{{- end }}

{{/* The name of everything that belongs to the agent, which takes records of filters in proxies. */}}
{{- define "merlon.agent" -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}-agent
{{- end }}

{{- define "merlon.agentSelector" -}}
app.kubernetes.io/name: merlon
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: agent
{{- end }}

{{- define "merlon.agentLabels" -}}
{{ include "merlon.agentSelector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* Where proxies reach the agent. */}}
{{- define "merlon.agentHost" -}}
{{ include "merlon.agent" . }}.{{ .Release.Namespace }}.svc.cluster.local
{{- end }}
