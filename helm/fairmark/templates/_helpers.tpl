{{- define "fairmark.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The name of every resource; 50 characters leave room for what some add, in 63. */}}
{{- define "fairmark.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- default $full .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "fairmark.selector" -}}
app.kubernetes.io/name: {{ include "fairmark.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "fairmark.labels" -}}
{{ include "fairmark.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "fairmark.serviceAccountName" -}}
{{- $made := ternary (include "fairmark.fullname" .) "default" .Values.serviceAccount.create }}
{{- default $made .Values.serviceAccount.name }}
{{- end }}

{{- define "fairmark.keysSecret" -}}
{{- $made := ternary (printf "%s-keys" (include "fairmark.fullname" .)) "" (not (empty .Values.auth.keys)) }}
{{- default $made .Values.auth.existingSecret }}
{{- end }}

{{- define "fairmark.catalogConfigMap" -}}
{{- $made := ternary (printf "%s-catalog" (include "fairmark.fullname" .)) "" (not (empty .Values.catalog.files)) }}
{{- default $made .Values.catalog.existingConfigMap }}
{{- end }}

{{- define "fairmark.redisPort" -}}
{{- $host := (urlParse .Values.redis.url).host }}
{{- regexFind ":[0-9]+$" $host | trimPrefix ":" | default "6379" }}
{{- end }}

{{/* What the schema can't say, or would say by quoting a secret. */}}
{{- define "fairmark.check" -}}
{{- $line := `^[A-Za-z0-9._~+/-]+=*( rate=[0-9]{1,12}/s| quota=[0-9]{1,12}/day)*$` }}
{{- $url := `^rediss?://([^:@/?#\s]+@)?([^:@/?#\s\[\]]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?(/[0-9]*)?$` }}
{{- with .Values }}
{{- if and .auth.keys .auth.existingSecret }}
  {{- fail "\n\nauth: give keys or existingSecret, not both" }}
{{- end }}
{{- if not (or .auth.keys .auth.existingSecret .auth.open) }}
  {{- fail "\n\nauth: give keys or existingSecret; without either the service starts only where auth.open lets anybody grade" }}
{{- end }}
{{- range $name, $keys := .auth.keys }}
  {{- range $keys | kindIs "string" | ternary (list $keys) $keys }}
    {{- if or (not (regexMatch $line .)) (lt (splitList " " . | first | len) 16) }}
      {{- fail (printf "\n\nauth.keys.%s: expected a key of 16 or more of letters, digits and -._~+/=, and behind it at most rate=2000/s and quota=50000000/day" $name) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- if and .catalog.files .catalog.existingConfigMap }}
  {{- fail "\n\ncatalog: give files or existingConfigMap, not both" }}
{{- end }}
{{- if and .redis.url (not (regexMatch $url .redis.url)) }}
  {{- fail "\n\nredis.url: expected redis://HOST:PORT or rediss://HOST:PORT, a user before the host if need be; the password goes into redis.existingSecret" }}
{{- end }}
{{- if and .redis.existingSecret (not .redis.url) }}
  {{- fail "\n\nredis: existingSecret is for a url, and there is none" }}
{{- end }}
{{- if and .redis.caSecret (not (hasPrefix "rediss://" .redis.url)) }}
  {{- fail "\n\nredis: caSecret is for a url with rediss://" }}
{{- end }}
{{- if and .ingress.enabled (not .ingress.host) }}
  {{- fail "\n\ningress: give the host that callers use" }}
{{- end }}
{{- if and .autoscaling.enabled (not (or (dig "requests" "cpu" "" .resources) (dig "limits" "cpu" "" .resources))) }}
  {{- fail "\n\nautoscaling: give resources.requests.cpu, the share of which is what pods are kept at" }}
{{- end }}
{{- end }}
{{- end }}
