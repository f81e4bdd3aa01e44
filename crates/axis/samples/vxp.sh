# A VXP call by curl and openssl. To be read by a shell: `. crates/axis/samples/vxp.sh`
#
#   vxp SYSTEMID SECRET OPERATION "NAME=VALUE NAME=VALUE" [more of curl's arguments, such as the body]
#
# Every parameter goes as a header of its own; the JSON text of all of them is signed and goes along.

AXIS=${AXIS:-http://127.0.0.1:7080}

vxp() {
  local system=$1 secret=$2 operation=$3 pairs=$4 text= keys= pair name value hash
  local -a headers=()
  shift 4
  for pair in systemid="$system" timestamp="$(TZ=UTC-7 date +%d%m%YT%H%M%S+0000)" Content-Type=application/octet-stream $pairs; do
    name=${pair%%=*} value=${pair#*=}
    text+="${text:+,}\"XroadVnpt-$name\":\"$value\""
    keys+="${keys:+;}$name"
    headers+=(-H "XroadVnpt-$name: $value")
  done
  text="{$text}"
  hash=$(printf %s "$text" | openssl dgst -sha256 -hmac "$secret" | sed 's/.* //')
  curl -sS "$AXIS/$operation" -H "Content-Type: application/octet-stream" "${headers[@]}" \
    -H "XroadVnpt-sign-header-key: $keys" -H "XroadVnpt-sign-header: $text" -H "XroadVnpt-hash-header: $hash" "$@" && echo
}
