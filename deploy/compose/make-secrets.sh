#!/bin/sh
# Makes, in the present folder, what docker-compose.yml needs in production and nobody has given: see production.yml. What is there stays.
# Files are for the containers that the folder is given to, which run as several users; but for ca.key, which only this script reads.
set -eu
umask 022
days=3650

if [ ! -f ca.pem ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days $days -subj /CN=ratchet-ca -keyout ca.key -out ca.pem
  chmod 600 ca.key
fi

# signed <name> <other names>: a certificate of the authority, and its key
signed() {
  [ -f "$1.pem" ] && return 0
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"
  chmod 644 "$1.key"
  printf 'subjectAltName=%s\n' "$2" > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days $days -extfile "$1.ext" -out "$1.pem"
  rm "$1.csr" "$1.ext"
}
signed kafka DNS:kafka,DNS:localhost
signed registry DNS:registry
signed ratchet DNS:ratchet
signed gateway "DNS:completion-gateway,$RATCHET_NAMES"

# What is read by Java; who may read the files has what the password would keep.
cat kafka.key kafka.pem > kafka.keystore.pem
cat > kafka.properties <<END
security.protocol=SSL
ssl.keystore.type=PEM
ssl.keystore.location=/etc/kafka/secrets/kafka.keystore.pem
ssl.truststore.type=PEM
ssl.truststore.location=/etc/kafka/secrets/ca.pem
END
openssl pkcs12 -export -in registry.pem -inkey registry.key -name registry -passout pass:ratchet -out registry.p12
rm -f ca.p12
keytool -importcert -noprompt -alias ca -file ca.pem -storetype PKCS12 -keystore ca.p12 -storepass ratchet
chmod 644 registry.p12 ca.p12

[ -f token-secret ] || openssl rand -base64 48 | tr -d '\n' > token-secret
if [ ! -f api-keys.json ]; then
  openssl rand -base64 33 | tr -d '\n' > api-key
  hash=$(sha256sum < api-key | cut -d ' ' -f 1)
  printf '[{ "name": "first", "hash": "sha256:%s", "namespaces": { "*": "admin" } }]\n' "$hash" > api-keys.json
fi
echo 'Whatever production needs is there.'
