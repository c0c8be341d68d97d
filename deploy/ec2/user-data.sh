#!/bin/bash
# EC2 user data: from an empty instance (Debian 12 and later, Ubuntu 22.04 and later, Amazon Linux 2023) to a
# running pipeline. Terraform (deploy/terraform) fills in the values between << and >>; by hand, replace them.
# The instance's role reads the bucket and the parameter; nothing secret is in here, as anybody who may describe
# the instance can read it.
set -euo pipefail
exec > >(logger --tag kafka-dispatcher-setup) 2>&1

bucket='<<bucket>>'      # holds the package and the pipeline's files: s3://BUCKET/NAME.yml, NAME.ts …
package='<<package>>'    # kafka-dispatcher_0.1.0_amd64.deb, or kafka-dispatcher-0.1.0-linux-x64.tar.gz
sha256='<<sha256>>'      # from SHA256SUMS
pipeline='<<pipeline>>'  # the name: NAME.yml
parameter='<<parameter>>' # Parameter Store, SecureString: lines NAME=value for NAME.env; empty: none

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! command -v aws >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq awscli
fi
aws s3 cp "s3://$bucket/$package" "$work/$package"
echo "$sha256  $work/$package" | sha256sum --check --quiet

if [[ $package == *.deb ]]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$work/$package"
else
  # What the Debian package does elsewhere.
  folder=/usr/lib/kafka-dispatcher
  rm -rf "$folder"
  mkdir -p "$folder" /etc/kafka-dispatcher
  tar -xzf "$work/$package" -C "$folder" --strip-components=1
  ln -sf "$folder/bin/kd" /usr/bin/kd
  id kafka-dispatcher >/dev/null 2>&1 ||
    useradd --system --user-group --no-create-home --home-dir /var/lib/kafka-dispatcher --shell /sbin/nologin kafka-dispatcher
  cp "$folder"/deploy/systemd/* /etc/systemd/system/
  chown root:kafka-dispatcher /etc/kafka-dispatcher
  chmod 0750 /etc/kafka-dispatcher
fi

aws s3 cp --recursive "s3://$bucket/$pipeline/" /etc/kafka-dispatcher/
# Modules that the pipeline needs (the signer of MSK IAM): a tarball of node_modules, made where npm is.
if [[ -f /etc/kafka-dispatcher/node_modules.tar.gz ]]; then
  mkdir -p /var/lib/kafka-dispatcher
  tar -xzf /etc/kafka-dispatcher/node_modules.tar.gz -C /var/lib/kafka-dispatcher --no-same-owner
  rm /etc/kafka-dispatcher/node_modules.tar.gz
fi
if [[ -n $parameter ]]; then
  (
    umask 077
    aws ssm get-parameter --name "$parameter" --with-decryption --query Parameter.Value --output text \
      >"/etc/kafka-dispatcher/$pipeline.env"
  )
fi
chown -R root:kafka-dispatcher /etc/kafka-dispatcher
chmod -R u=rwX,g=rX,o= /etc/kafka-dispatcher

# Every problem of the configuration at once, before anything starts.
systemd-run --quiet --pipe --wait --property=EnvironmentFile=-/etc/kafka-dispatcher/"$pipeline".env \
  --setenv=HOSTNAME="$(hostname)" --uid=kafka-dispatcher \
  /usr/bin/kd validate -c "/etc/kafka-dispatcher/$pipeline.yml"
systemctl daemon-reload
systemctl enable --now "kafka-dispatcher@$pipeline"
