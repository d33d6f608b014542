# regress/clouds.sh - real servers of each kind of destination, on this machine; sourced by the drivers.
#
# Needs regress/server.sh. Everything is below CLOUD_DIR; cloud_stop ends what was started. Each
# cloud_x returns 0 when the server answers, 77 when it cannot be had here (CLOUD_WHY says why).
CLOUD_PIDS=()
AZURITE_VERSION=3.35.0

cloud_stop() {
    [ ${#CLOUD_PIDS[@]} -eq 0 ] || kill -TERM "${CLOUD_PIDS[@]}" 2>/dev/null
    [ ${#CLOUD_PIDS[@]} -eq 0 ] || wait "${CLOUD_PIDS[@]}" 2>/dev/null
    CLOUD_PIDS=()
}

# cloud_wait NAME PORT...: until all accept.
cloud_wait() {
    local name=$1 port tries
    shift
    for port in "$@"; do
        for ((tries = 0; tries < 1200; tries++)); do
            if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then continue 2; fi
            sleep 0.05
        done
        echo "# $name does not answer at port $port; the end of its logs:"
        tail -n 10 "$CLOUD_DIR/$name"*/*.log 2>/dev/null | sed 's/^/#   /'
        return 1
    done
}

# A CA, and a certificate for this machine and the names of the services that we stand in for.
cloud_certs() {
    CLOUD_CA=$CLOUD_DIR/ca.pem
    [ -f "$CLOUD_CA" ] && return 0
    (
        cd "$CLOUD_DIR" || exit 1
        openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -keyout ca.key -out ca.pem \
            -subj "/CN=test CA" &&
            openssl req -newkey rsa:2048 -nodes -keyout srv.key -out srv.csr -subj "/CN=localhost" &&
            echo 'subjectAltName=DNS:localhost,DNS:*.blob.core.windows.net,DNS:storage.googleapis.com,DNS:www.googleapis.com,DNS:oauth2.googleapis.com,DNS:*.s3.amazonaws.com,DNS:s3.amazonaws.com,IP:127.0.0.1' >ext &&
            openssl x509 -req -in srv.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 \
                -extfile ext -out srv.pem
    ) >"$CLOUD_DIR/certs.log" 2>&1
}

urlencode() {
    local LC_ALL=C s=$1 out='' c i
    for ((i = 0; i < ${#s}; i++)); do
        c=${s:i:1}
        case $c in [A-Za-z0-9._~-]) out+=$c ;; *) out+=$(printf '%%%02X' "'$c") ;; esac
    done
    echo "$out"
}

# ---- http: nginx ----

# Two plain ports with roots of their own, one with TLS. Sets HTTP_PORT, HTTP_PORT2, HTTPS_PORT.
cloud_nginx() {
    local d=$CLOUD_DIR/nginx user=''
    CLOUD_WHY="nginx is not installed (nginx-light)"
    PATH=$PATH:/usr/sbin command -v nginx >/dev/null || return 77
    cloud_certs || return 1
    HTTP_PORT=$(amb_free_port) HTTP_PORT2=$(amb_free_port) HTTPS_PORT=$(amb_free_port)
    mkdir -p "$d/root" "$d/root2" "$d/tmp"
    [ "$(id -u)" -ne 0 ] || user='user root;'
    cat >"$d/nginx.conf" <<X
$user daemon off; pid $d/pid; error_log $d/error.log; worker_processes 1;
events { worker_connections 64; }
http {
  access_log $d/access.log; client_max_body_size 0; client_body_temp_path $d/tmp;
  proxy_temp_path $d/tmp; fastcgi_temp_path $d/tmp; uwsgi_temp_path $d/tmp; scgi_temp_path $d/tmp;
  server {
    listen 127.0.0.1:$HTTP_PORT;
    listen 127.0.0.1:$HTTPS_PORT ssl; ssl_certificate $CLOUD_DIR/srv.pem; ssl_certificate_key $CLOUD_DIR/srv.key;
    root $d/root;
    location / { dav_methods PUT DELETE; create_full_put_path on; dav_access user:rw group:r all:r; }
    location /moved/ { return 302 http://127.0.0.1:$HTTP_PORT2\$request_uri; }
  }
  server {
    listen 127.0.0.1:$HTTP_PORT2;
    root $d/root2;
    location / { dav_methods PUT DELETE; create_full_put_path on; dav_access user:rw group:r all:r; }
  }
}
X
    PATH=$PATH:/usr/sbin nginx -c "$d/nginx.conf" >"$d/out.log" 2>&1 &
    CLOUD_PIDS+=($!)
    cloud_wait nginx "$HTTP_PORT" "$HTTP_PORT2" "$HTTPS_PORT"
}

# ---- s3: OpenStack Swift ----

swift_configs() {
    local n p
    printf '[swift-hash]\nswift_hash_path_prefix = a\nswift_hash_path_suffix = b\n[storage-policy:0]\nname = gold\ndefault = yes\n' >swift.conf
    for n in account container object; do
        p=$(amb_free_port)
        SWIFT_PORTS+=("$p")
        {
            swift-ring-builder "$n.builder" create 4 1 0
            swift-ring-builder "$n.builder" add "r1z1-127.0.0.1:$p/d1" 1
            swift-ring-builder "$n.builder" rebalance
        } >/dev/null || return 1
        cat >"$n-server.conf" <<X
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $p
workers = 0
user = $(id -un)
swift_dir = $PWD
devices = $CLOUD_DIR/swift/srv
mount_check = false
[pipeline:main]
pipeline = $n-server
[app:$n-server]
use = egg:swift#$n
X
    done
    cat >proxy-server.conf <<X
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $S3_PORT
workers = 0
user = $(id -un)
swift_dir = $PWD
[pipeline:main]
pipeline = catch_errors gatekeeper proxy-logging cache listing_formats bulk s3api tempauth slo dlo versioned_writes proxy-logging proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:proxy-logging]
use = egg:swift#proxy_logging
[filter:cache]
use = egg:swift#memcache
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
user_test_reader = reading
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
X
}

# Sets S3_PORT and S3_PARAMS, what a URI has after "s3://testbkt/...?"; the bucket exists.
cloud_swift() {
    local d=$CLOUD_DIR/swift n
    CLOUD_WHY="Swift is not installed (swift-proxy, swift-account, swift-container, swift-object)"
    command -v swift-proxy-server >/dev/null && command -v swift-ring-builder >/dev/null || return 77
    S3_PORT=$(amb_free_port) SWIFT_PORTS=()
    mkdir -p "$d/etc" "$d/srv/d1"
    cd "$d/etc" || return 1
    swift_configs >"$d/rings.log" 2>&1
    n=$?
    cd "$OLDPWD" || return 1
    [ $n -eq 0 ] || return 1
    for n in account container object proxy; do
        "swift-$n-server" "$d/etc/$n-server.conf" verbose >"$d/$n.log" 2>&1 &
        CLOUD_PIDS+=($!)
    done
    cloud_wait swift "${SWIFT_PORTS[@]}" "$S3_PORT" || return 1
    S3_PARAMS="AWS_ACCESS_KEY_ID=test%3Atester&AWS_SECRET_ACCESS_KEY=testing&AWS_REGION=us-east-1&AWS_ENDPOINT=http%3A%2F%2F127.0.0.1%3A$S3_PORT"
    swift_bucket testbkt && swift_bucket testbkt2
}

swift_bucket() {
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        if curl -sS -f --noproxy '*' -X PUT -o /dev/null --aws-sigv4 aws:amz:us-east-1:s3 \
            -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' \
            "http://test%3Atester:testing@127.0.0.1:$S3_PORT/$1" 2>>"$CLOUD_DIR/swift/bucket.log"; then
            return 0
        fi
        sleep 0.1
    done
    echo "# Swift makes no bucket"
    tail -n 3 "$CLOUD_DIR/swift/bucket.log" | sed 's/^/#   /'
    return 1
}

# ---- azure: Azurite ----

# Install it once into the build folder. Sets AZURITE.
cloud_azurite_install() {
    local d=${AMBERDB_BUILDDIR:-.}/regress/azurite-$AZURITE_VERSION
    AZURITE=$d/node_modules/azurite/dist/src/blob/main.js
    [ -f "$d/done" ] && return 0
    CLOUD_WHY="npm is not installed (npm)"
    command -v npm >/dev/null && command -v node >/dev/null || return 77
    CLOUD_WHY="npm could not install azurite@$AZURITE_VERSION"
    mkdir -p "$d"
    npm install --prefix "$d" --no-audit --no-fund --loglevel=error "azurite@$AZURITE_VERSION" \
        >"$d/npm.log" 2>&1 || return 77
    touch "$d/done"
}

# Sets AZURE_PARAMS, AZURE_KEY and AMBERDB_TEST_CONNECT_TO; containers testcont and testcont2 exist.
cloud_azurite() {
    local d=$CLOUD_DIR/azurite c
    cloud_azurite_install || return $?
    cloud_certs || return 1
    AZURE_PORT=$(amb_free_port) AZURE_KEY=$(openssl rand -base64 64 | tr -d '\n')
    mkdir -p "$d"
    AZURITE_ACCOUNTS="acct1:$AZURE_KEY" node "$AZURITE" --blobHost 127.0.0.1 \
        --blobPort "$AZURE_PORT" --location "$d" --silent --disableTelemetry \
        --cert "$CLOUD_DIR/srv.pem" --key "$CLOUD_DIR/srv.key" >"$d/azurite.log" 2>&1 &
    CLOUD_PIDS+=($!)
    cloud_wait azurite "$AZURE_PORT" || return 1
    cloud_connect "acct1.blob.core.windows.net:443:127.0.0.1:$AZURE_PORT"
    AZURE_PARAMS="AZURE_ACCOUNT_NAME=acct1&AZURE_ACCOUNT_KEY=$(urlencode "$AZURE_KEY")"
    for c in testcont testcont2; do azure_container "$c" || return 1; done
}

# Where amberdb is to connect for a host of the internet, and the CA to trust for it.
cloud_connect() {
    export AMBERDB_TEST_CONNECT_TO=${AMBERDB_TEST_CONNECT_TO:+$AMBERDB_TEST_CONNECT_TO,}$1
    export AMBERDB_TEST_CA=$CLOUD_CA
}

azure_container() {
    local date text sig hex
    date=$(LC_ALL=C date -u '+%a, %d %b %Y %H:%M:%S GMT')
    text=$(printf 'PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:%s\nx-ms-version:2019-12-12\n/acct1/%s\nrestype:container' "$date" "$1")
    hex=$(printf %s "$AZURE_KEY" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
    sig=$(printf %s "$text" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$hex" -binary | openssl base64 -A)
    curl -sS -f --noproxy '*' -o /dev/null -X PUT -H "x-ms-date: $date" -H 'x-ms-version: 2019-12-12' \
        -H "Authorization: SharedKey acct1:$sig" -H 'Content-Length: 0' --cacert "$CLOUD_CA" \
        --connect-to "acct1.blob.core.windows.net:443:127.0.0.1:$AZURE_PORT" \
        "https://acct1.blob.core.windows.net/$1?restype=container"
}

# ---- gs: a stub of ours ----

# Sets GS_PARAMS and GS_CREDENTIALS; buckets testbucket, testbucket2, nolist (which refuses to list).
cloud_gcs() {
    local d=$CLOUD_DIR/gcs
    CLOUD_WHY="python3 is not installed"
    command -v python3 >/dev/null || return 77
    cloud_certs || return 1
    GS_PORT=$(amb_free_port)
    mkdir -p "$d"
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$d/key.pem" 2>"$d/key.log" &&
        openssl pkey -in "$d/key.pem" -pubout -out "$d/pub.pem" || return 1
    python3 "$AMBERDB_SRCDIR/regress/gcs_stub.py" "$GS_PORT" "$CLOUD_DIR/srv.pem" \
        "$CLOUD_DIR/srv.key" "$d/pub.pem" >"$d/stub.log" 2>&1 &
    CLOUD_PIDS+=($!)
    cloud_wait gcs "$GS_PORT" || return 1
    cloud_connect "storage.googleapis.com:443:127.0.0.1:$GS_PORT"
    cloud_connect "oauth2.googleapis.com:443:127.0.0.1:$GS_PORT"
    python3 -c 'import json, sys
print(json.dumps({"type": "service_account", "client_email": "test@stub.iam.gserviceaccount.com",
    "private_key_id": "key-1", "private_key": open(sys.argv[1]).read(),
    "token_uri": "https://oauth2.googleapis.com/token"}))' "$d/key.pem" >"$d/key.json"
    GS_CREDENTIALS=$(urlencode "$(openssl base64 -A <"$d/key.json")")
    GS_PARAMS="AUTH=specified&CREDENTIALS=$GS_CREDENTIALS"
}

# gcs_mode NAME=VALUE...: how the stub behaves from now on; prints its counters.
gcs_mode() {
    local IFS='&'
    curl -sS --noproxy '*' --cacert "$CLOUD_CA" "https://127.0.0.1:$GS_PORT/_stub?$*"
}
