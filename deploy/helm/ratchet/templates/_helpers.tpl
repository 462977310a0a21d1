{{- define "ratchet.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- /* Short enough that `-completion-gateway` and a hash still fit behind it. */}}
{{- define "ratchet.fullname" -}}
{{- $name := include "ratchet.name" . }}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- regexReplaceAll "-+$" (default $full .Values.fullnameOverride | trunc 40) "" }}
{{- end }}

{{- /* What Prometheus calls this release, as its job. */}}
{{- define "ratchet.installation" -}}
{{- .Release.Namespace }}/{{ include "ratchet.fullname" . }}
{{- end }}

{{- define "ratchet.serviceAccountName" -}}
{{- default (ternary (include "ratchet.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name }}
{{- end }}

{{- define "ratchet.image" -}}
{{- $tag := default .defaultTag .tag | toString }}
{{- .repository }}{{ ternary (printf "@%s" .digest) (printf ":%s" $tag) (ne .digest "") }}
{{- end }}

{{- /* dict: root, component (may be absent) */}}
{{- define "ratchet.selectorLabels" -}}
app.kubernetes.io/name: {{ include "ratchet.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- /* What selects objects cannot be said otherwise; of the rest whoever gives values has the last word. dict: root, component, more */}}
{{- define "ratchet.labels" -}}
{{- $selecting := include "ratchet.selectorLabels" . | fromYaml }}
{{- $own := dict
  "app.kubernetes.io/version" (.root.Chart.AppVersion | replace "+" "_")
  "app.kubernetes.io/managed-by" .root.Release.Service
  "app.kubernetes.io/part-of" "ratchet"
  "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_")
}}
{{- toYaml (merge $selecting (default dict .more) .root.Values.commonLabels $own) }}
{{- end }}

{{- /* The metadata of an object. dict: root, component, suffix (of the name), annotations, more (labels) */}}
{{- define "ratchet.metadata" -}}
name: {{ include "ratchet.fullname" .root }}{{ with .suffix }}-{{ . }}{{ end }}
namespace: {{ .root.Release.Namespace }}
labels: {{- include "ratchet.labels" . | nindent 2 }}
{{- with .annotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "ratchet.serviceNames" -}}
- scheduler
- timeout-tracker
- cancellation
- completion-gateway
{{- end }}

{{- define "ratchet.gatewayHost" -}}
{{ include "ratchet.fullname" . }}-completion-gateway.{{ .Release.Namespace }}.svc
{{- end }}

{{- /* One line of the secrets of a pod: list of variable, secret, key. Nothing where no secret or no key is named. */}}
{{- define "ratchet.secret" -}}
{{- $variable := index . 0 }}{{ $secret := index . 1 }}{{ $key := index . 2 }}
{{- if and $secret $key }}
- { variable: {{ $variable }}, secret: {{ $secret | quote }}, key: {{ $key | quote }} }
{{- end }}
{{- end }}

{{- /* What of Kafka is secret, and where it stands: a list of {variable, secret, key}. The argument is `kafka` of a service. */}}
{{- define "ratchet.kafkaSecrets" -}}
{{- with .tls }}
{{- include "ratchet.secret" (list "RATCHET_KAFKA_TLS_CA" .ca.existingSecret .ca.key) }}
{{- include "ratchet.secret" (list "RATCHET_KAFKA_TLS_CERTIFICATE" .client.existingSecret .client.certificateKey) }}
{{- include "ratchet.secret" (list "RATCHET_KAFKA_TLS_KEY" .client.existingSecret .client.keyKey) }}
{{- end }}
{{- with .sasl }}
{{- if or (eq .mechanism "plain") (hasPrefix "scram-" .mechanism) }}
{{- include "ratchet.secret" (list "RATCHET_KAFKA_USERNAME" .existingSecret .usernameKey) }}
{{- include "ratchet.secret" (list "RATCHET_KAFKA_PASSWORD" .existingSecret .passwordKey) }}
{{- else if eq .mechanism "oauthbearer" }}
{{- include "ratchet.secret" (list "RATCHET_KAFKA_OAUTH_CLIENT_SECRET" .existingSecret .oauth.clientSecretKey) }}
{{- include "ratchet.secret" (list "RATCHET_KAFKA_OAUTH_TLS_CA" .oauth.ca.existingSecret .oauth.ca.key) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "ratchet.registrySecrets" -}}
{{- with .Values.registry }}
{{- if .auth.tokenKey }}
{{- include "ratchet.secret" (list "RATCHET_SCHEMA_REGISTRY_TOKEN" .auth.existingSecret .auth.tokenKey) }}
{{- else }}
{{- include "ratchet.secret" (list "RATCHET_SCHEMA_REGISTRY_USERNAME" .auth.existingSecret .auth.usernameKey) }}
{{- include "ratchet.secret" (list "RATCHET_SCHEMA_REGISTRY_PASSWORD" .auth.existingSecret .auth.passwordKey) }}
{{- end }}
{{- include "ratchet.secret" (list "RATCHET_SCHEMA_REGISTRY_TLS_CA" .tls.ca.existingSecret .tls.ca.key) }}
{{- include "ratchet.secret" (list "RATCHET_SCHEMA_REGISTRY_TLS_CERTIFICATE" .tls.client.existingSecret .tls.client.certificateKey) }}
{{- include "ratchet.secret" (list "RATCHET_SCHEMA_REGISTRY_TLS_KEY" .tls.client.existingSecret .tls.client.keyKey) }}
{{- end }}
{{- end }}

{{- define "ratchet.gatewaySecrets" -}}
{{- with .Values.gateway }}
{{- include "ratchet.secret" (list "RATCHET_API_KEYS" .apiKeys.existingSecret .apiKeys.key) }}
{{- include "ratchet.secret" (list "RATCHET_JWT_PUBLIC_KEY" .jwt.publicKey.existingSecret .jwt.publicKey.key) }}
{{- include "ratchet.secret" (list "RATCHET_TLS_CERTIFICATE" .tls.existingSecret .tls.certificateKey) }}
{{- include "ratchet.secret" (list "RATCHET_TLS_KEY" .tls.existingSecret .tls.keyKey) }}
{{- include "ratchet.secret" (list "RATCHET_TLS_CLIENT_CA" .tls.clientCa.existingSecret .tls.clientCa.key) }}
{{- include "ratchet.secret" (list "RATCHET_WEBHOOKS" .webhooks.existingSecret .webhooks.key) }}
{{- include "ratchet.secret" (list "RATCHET_CALLBACK_SECRET" .callbacks.existingSecret .callbacks.secretKey) }}
{{- end }}
{{- end }}

{{- /* Every secret of a service; a service has only those that it reads. dict: root, name, kafka */}}
{{- define "ratchet.secrets" -}}
{{- include "ratchet.kafkaSecrets" .kafka }}
{{- include "ratchet.registrySecrets" .root }}
{{- if ne .name "timeout-tracker" }}
{{- with .root.Values.token }}
{{- include "ratchet.secret" (list "RATCHET_TOKEN_SECRET" .existingSecret .secretKey) }}
{{- include "ratchet.secret" (list "RATCHET_TOKEN_KEYS" .existingSecret .keysKey) }}
{{- end }}
{{- end }}
{{- if eq .name "completion-gateway" }}
{{- include "ratchet.gatewaySecrets" .root }}
{{- end }}
{{- end }}

{{- /* The files of secrets: a volume in which each has the name of its variable. The argument is a list of {variable, secret, key}. */}}
{{- define "ratchet.secretVolume" -}}
- name: secrets
  projected:
    # Of the group of the pod: nobody else reads them.
    defaultMode: 0440
    sources:
      {{- range . }}
      - secret:
          name: {{ .secret | quote }}
          items:
            - { key: {{ .key | quote }}, path: {{ .variable }} }
      {{- end }}
{{- end }}

{{- define "ratchet.secretEnv" -}}
{{- range . }}
- name: {{ .variable }}_FILE
  value: /etc/ratchet/secrets/{{ .variable }}
{{- end }}
{{- end }}

{{- /* Variables of a container, by the lists of the chart and of the values: of a name in both, the latter. */}}
{{- define "ratchet.variables" -}}
{{- $given := index . 1 }}
{{- $said := list }}
{{- range $given }}{{ $said = append $said .name }}{{ end }}
{{- $own := list }}
{{- range index . 0 | fromYamlArray }}
{{- if not (has .name $said) }}{{ $own = append $own . }}{{ end }}
{{- end }}
{{- toYaml (concat $own $given) }}
{{- end }}

{{- /* One variable with a value, or nothing where the value is empty: list of name and value. */}}
{{- define "ratchet.env" -}}
{{- $value := index . 1 }}
{{- if not (or (kindIs "invalid" $value) (eq (toString $value) "")) }}
- name: {{ index . 0 }}
  value: {{ toString $value | quote }}
{{- end }}
{{- end }}

{{- /* How a service reaches Kafka, but for what is secret. The argument is `kafka` of a service. */}}
{{- define "ratchet.kafkaEnv" -}}
{{- include "ratchet.env" (list "RATCHET_KAFKA_TLS" .tls.enabled) }}
{{- include "ratchet.env" (list "RATCHET_KAFKA_TLS_SERVER_NAME" .tls.serverName) }}
{{- with .sasl }}
{{- include "ratchet.env" (list "RATCHET_KAFKA_SASL_MECHANISM" .mechanism) }}
{{- if or (eq .mechanism "plain") (hasPrefix "scram-" .mechanism) }}
{{- include "ratchet.env" (list "RATCHET_KAFKA_USERNAME" (ternary "" .username (ne .usernameKey ""))) }}
{{- else if eq .mechanism "oauthbearer" }}
{{- include "ratchet.env" (list "RATCHET_KAFKA_OAUTH_TOKEN_URL" .oauth.tokenUrl) }}
{{- include "ratchet.env" (list "RATCHET_KAFKA_OAUTH_CLIENT_ID" .oauth.clientId) }}
{{- include "ratchet.env" (list "RATCHET_KAFKA_OAUTH_SCOPE" .oauth.scope) }}
{{- $extensions := list }}
{{- range $name, $value := .oauth.extensions }}{{ $extensions = append $extensions (printf "%s=%s" $name $value) }}{{ end }}
{{- include "ratchet.env" (list "RATCHET_KAFKA_OAUTH_EXTENSIONS" (join "," $extensions)) }}
{{- else if eq .mechanism "aws-msk-iam" }}
{{- include "ratchet.env" (list "RATCHET_KAFKA_AWS_REGION" .awsRegion) }}
{{- end }}
{{- end }}
{{- if .rackAware }}
- name: RATCHET_ZONE
  valueFrom: { fieldRef: { fieldPath: "metadata.labels['topology.kubernetes.io/zone']" } }
{{- end }}
{{- end }}

{{- /* What the chart says to a service. dict: root, name, pod, kafka, secrets */}}
{{- define "ratchet.serviceEnv" -}}
- { name: NODE_OPTIONS, value: --max-old-space-size-percentage={{ .pod.heapPercentage }} }
{{- include "ratchet.kafkaEnv" .kafka }}
{{- if eq .name "scheduler" }}
- { name: RATCHET_STATE_DIRECTORY, value: /var/lib/ratchet/state }
{{- with .root.Values.state.standbyCopies }}
- { name: RATCHET_STANDBY_COPIES, value: {{ . | quote }} }
{{- end }}
{{- end }}
{{- if eq .name "completion-gateway" }}
{{ include "ratchet.gatewayEnv" .root }}
{{- end }}
{{- with .root.Values.traces.headers }}
{{- if and .existingSecret .key }}
- name: OTEL_EXPORTER_OTLP_HEADERS
  valueFrom: { secretKeyRef: { name: {{ .existingSecret | quote }}, key: {{ .key | quote }} } }
{{- end }}
{{- end }}
{{- include "ratchet.secretEnv" .secrets }}
{{- end }}

{{- /* What all services are told alike. */}}
{{- define "ratchet.settings" -}}
RATCHET_ENVIRONMENT: {{ .Values.environment }}
RATCHET_KAFKA_BROKERS: {{ join "," .Values.kafka.brokers | quote }}
RATCHET_SCHEMA_REGISTRY_URL: {{ .Values.registry.url | quote }}
RATCHET_TOPICS: {{ .Values.topics }}
RATCHET_HEALTH_HOST: {{ .Values.listenHost | quote }}
RATCHET_HEALTH_PORT: '8080'
RATCHET_LOG_LEVEL: {{ .Values.log.level }}
RATCHET_LOG_FORMAT: {{ .Values.log.format }}
{{- range $name, $value := dict
  "RATCHET_PREFIX" .Values.prefix
  "RATCHET_PARTITIONS" .Values.partitions
  "RATCHET_REPLICATION_FACTOR" .Values.replicationFactor
  "RATCHET_MIN_INSYNC_REPLICAS" .Values.minInsyncReplicas
  "RATCHET_OTLP_ENDPOINT" .Values.traces.endpoint
}}
{{- with $value }}
{{ $name }}: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Where a pod that is no service may be put. */}}
{{- define "ratchet.placement" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.pod.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.pod.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "ratchet.gatewayEnv" -}}
{{- $host := include "ratchet.gatewayHost" . }}
{{- $service := printf "%s-completion-gateway" (include "ratchet.fullname" .) }}
{{- with .Values.gateway }}
- { name: RATCHET_GRPC_HOST, value: {{ $.Values.listenHost | quote }} }
- { name: RATCHET_HTTP_HOST, value: {{ $.Values.listenHost | quote }} }
{{- include "ratchet.env" (list "RATCHET_HTTP_ALLOWED_HOSTS" (concat (list $service $host (printf "%s.%s" $service $.Release.Namespace) (printf "%s.cluster.local" $host)) .allowedHosts | join ",")) }}
{{- include "ratchet.env" (list "RATCHET_JWT_ISSUER" .jwt.issuer) }}
{{- include "ratchet.env" (list "RATCHET_JWT_AUDIENCE" .jwt.audience) }}
{{- include "ratchet.env" (list "RATCHET_JWT_JWKS_URL" .jwt.jwksUrl) }}
{{- if .jwt.issuer }}
{{- include "ratchet.env" (list "RATCHET_JWT_PERMISSIONS_CLAIM" .jwt.permissionsClaim) }}
{{- end }}
{{- include "ratchet.env" (list "RATCHET_ALLOW_UNAUTHENTICATED" .allowUnauthenticated) }}
{{- include "ratchet.env" (list "RATCHET_ALLOW_PLAINTEXT" .allowPlaintext) }}
{{- include "ratchet.env" (list "RATCHET_CALLBACK_HOSTS" (join "," .callbacks.hosts)) }}
{{- end }}
{{- end }}

{{- /* A rule of egress: dict to (list of peers), ports (list of numbers) */}}
{{- define "ratchet.egress" -}}
{{ if .ports -}}
- ports:
    {{- range uniq .ports }}
    - { protocol: TCP, port: {{ . }} }
    {{- end }}
  {{- with .to }}
  to: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* The port of a URL; empty for none. */}}
{{- define "ratchet.portOf" -}}
{{- if . }}
{{- $url := urlParse . }}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" }}
{{- default (ternary "80" "443" (eq $url.scheme "http")) $port }}
{{- end }}
{{- end }}

{{- /* The ports that callbacks go to, as a list: those that their hosts name, and those that are meant where none is named. */}}
{{- define "ratchet.callbackPorts" -}}
{{- range default (list (ternary "*" "https://*" (eq .Values.environment "development"))) .Values.gateway.callbacks.hosts }}
{{- $port := regexFind ":[0-9]+$" . | trimPrefix ":" }}
{{- if $port }}
- {{ $port }}
{{- else }}
{{- if not (hasPrefix "http://" .) }}
- 443
{{- end }}
{{- if not (hasPrefix "https://" .) }}
- 80
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Where the runbook of this version can be read: as the values say, else in the repository that the chart comes from. */}}
{{- define "ratchet.runbookUrl" -}}
{{- with .Values.prometheusRule.runbookUrl }}{{ . }}{{ else }}
{{- with .Chart.Sources }}{{ first . | trimSuffix "/" }}/blob/v{{ $.Chart.AppVersion }}/docs/runbook.md{{ else }}
{{- fail "Expected prometheusRule.runbookUrl to be where docs/runbook.md can be read, but it is empty and this chart names no source: whoever is woken must find what to do" }}
{{- end }}
{{- end }}
{{- end }}

{{- /* What no schema can say of values that do not go together. */}}
{{- define "ratchet.check" -}}
{{- $full := include "ratchet.fullname" . }}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $full) }}
{{- fail (printf "Expected the names of objects to begin with a letter and to have a-z, 0-9 and - only, as Services must, but they begin with %s: say fullnameOverride" $full) }}
{{- end }}
{{- with .Values }}
{{- if and .replicationFactor .minInsyncReplicas }}
{{- if gt (int .minInsyncReplicas) (int .replicationFactor) }}
{{- fail (printf "Expected minInsyncReplicas to be at most replicationFactor (%d), but it is %d: nobody could write" (int .replicationFactor) (int .minInsyncReplicas)) }}
{{- end }}
{{- end }}
{{- range $name, $service := .services }}
{{- $kafka := mergeOverwrite (deepCopy $.Values.kafka) (deepCopy $service.kafka) }}
{{- include "ratchet.checkSasl" (dict "name" $name "sasl" $kafka.sasl) }}
{{- end }}
{{- if and (not .state.claim.enabled) (hasKey .state.volume "persistentVolumeClaim") (gt (int .services.scheduler.replicas) 1) }}
{{- fail (printf "Expected state.volume to be of one scheduler alone, but it is one persistentVolumeClaim, and services.scheduler.replicas is %d: say state.claim.enabled=true for a claim each" (int .services.scheduler.replicas)) }}
{{- end }}
{{- with .gateway.autoscaling }}
{{- if gt (int .minReplicas) (int .maxReplicas) }}
{{- fail (printf "Expected gateway.autoscaling.minReplicas to be at most maxReplicas (%d), but it is %d" (int .maxReplicas) (int .minReplicas)) }}
{{- end }}
{{- end }}
{{- range $name, $service := .services }}
{{- $grace := int (default $.Values.pod.terminationGracePeriodSeconds $service.terminationGracePeriodSeconds) }}
{{- $drain := add 15 (ternary (int $.Values.gateway.preStopSeconds) 0 (eq $name "completion-gateway")) }}
{{- if le $grace (int $drain) }}
{{- fail (printf "Expected terminationGracePeriodSeconds of %s to be more than a drain and preStop may take (%d), but it is %d" $name (int $drain) $grace) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* What a mechanism needs. dict: name (of the service), sasl (its own, laid over that of all) */}}
{{- define "ratchet.checkSasl" -}}
{{- $mechanism := .sasl.mechanism }}
{{- $isPassword := or (eq $mechanism "plain") (hasPrefix "scram-" $mechanism) }}
{{- $needs := dict }}
{{- if $isPassword }}
{{- $needs = dict "existingSecret" .sasl.existingSecret "passwordKey" .sasl.passwordKey "username or usernameKey" (or .sasl.username .sasl.usernameKey) }}
{{- else if eq $mechanism "oauthbearer" }}
{{- $needs = dict "existingSecret" .sasl.existingSecret "oauth.clientSecretKey" .sasl.oauth.clientSecretKey "oauth.tokenUrl" .sasl.oauth.tokenUrl "oauth.clientId" .sasl.oauth.clientId }}
{{- else if eq $mechanism "aws-msk-iam" }}
{{- $needs = dict "awsRegion" .sasl.awsRegion }}
{{- end }}
{{- range $need, $value := $needs }}
{{- if not $value }}
{{- fail (printf "Expected kafka.sasl.%s to be given, for all services or for services.%s, since its mechanism is %s" $need $.name $mechanism) }}
{{- end }}
{{- end }}
{{- end }}
