# Installs the Amazon CloudWatch agent. It may be run twice: an agent that is there stays as it is, unless another version is
# asked for. Nothing of the package is run or unpacked before its signature was checked.

fail() {
	code=$1
	shift
	echo "$*" >&2
	exit "$code"
}

fetch() { # url file
	if command -v curl >/dev/null 2>&1; then
		curl -fsSL --proto '=https' --retry 3 --max-time 600 -o "$2" "$1" || fail 6 "cannot download $1"
	elif command -v wget >/dev/null 2>&1; then
		wget -q --https-only -O "$2" "$1" || fail 6 "cannot download $1"
	else
		fail 4 "neither curl nor wget is installed"
	fi
}

value() { # key, of os-release
	sed -n "s/^$1=//p" "$root/etc/os-release" | head -n 1 | tr -d "\"'"
}

distribution() {
	[ -r "$root/etc/os-release" ] || fail 3 "there is no /etc/os-release: which distribution is this?"
	id=$(value ID)
	for name in $id $(value ID_LIKE); do
		case $name in
		amzn) echo amazon_linux rpm ;;
		ubuntu) echo ubuntu deb ;;
		debian) echo debian deb ;;
		rhel | fedora) echo redhat rpm ;;
		centos) echo centos rpm ;;
		sles | suse | opensuse*) echo suse rpm ;;
		*) continue ;;
		esac
		return
	done
	fail 3 "there is no package for the distribution $id"
}

architecture() {
	case $(uname -m) in
	x86_64 | amd64) echo amd64 ;;
	aarch64 | arm64) echo arm64 ;;
	*) fail 3 "there is no package for the architecture $(uname -m)" ;;
	esac
}

verify() { # package signature key folder
	command -v gpg >/dev/null 2>&1 || fail 4 "gpg is not installed: the signature cannot be checked"
	mkdir -m 700 "$4"
	alone= # no agent is needed for a public key; GnuPG 2.0 would not start one, and does not know the option
	gpg --no-autostart --version >/dev/null 2>&1 && alone=--no-autostart
	gpg $alone --homedir "$4" --batch --no-tty --quiet --import "$3" >/dev/null 2>&1 || fail 5 "the key cannot be read"
	keys=$(gpg $alone --homedir "$4" --batch --no-tty --with-colons --fingerprint 2>/dev/null | awk -F: '$1 == "pub" { p = 1 } $1 == "fpr" && p { print $10; p = 0 }')
	[ "$keys" = "$fingerprint" ] || fail 5 "the key is not the pinned one: $keys"
	gpg $alone --homedir "$4" --batch --no-tty --status-fd 1 --verify "$2" "$1" >"$4/status" 2>/dev/null || fail 5 "the signature is not good"
	grep -Eq '^\[GNUPG:\] (EXPKEYSIG|EXPSIG|REVKEYSIG|BADSIG|ERRSIG) ' "$4/status" && fail 5 "the signature is not good"
	awk -v f="$fingerprint" '$1 == "[GNUPG:]" && $2 == "VALIDSIG" && $NF == f { found = 1 } END { exit !found }' "$4/status" ||
		fail 5 "the signature is of another key"
}

main() {
	[ "$(id -u)" = 0 ] || fail 4 "it has to run as root"
	bin="$root/opt/aws/amazon-cloudwatch-agent/bin"
	if [ -x "$bin/amazon-cloudwatch-agent-ctl" ]; then
		have=$(cat "$bin/CWAGENT_VERSION" 2>/dev/null || echo unknown)
		if [ "$version" = latest ] || [ "$have" = "$version" ]; then
			echo "already installed: $have"
			return
		fi
	fi
	set -- $(distribution) && [ $# = 2 ] || exit 3
	arch=$(architecture)
	url="$base/$1/$arch/$version/amazon-cloudwatch-agent.$2"
	package="$work/amazon-cloudwatch-agent.$2"
	fetch "$url" "$package"
	fetch "$url.sig" "$package.sig"
	fetch "$key" "$work/key"
	verify "$package" "$package.sig" "$work/key" "$work/gpg"
	case $2 in
	deb) dpkg -i -E "$package" || fail 7 "dpkg cannot install $url" ;;
	rpm) rpm -U --oldpackage "$package" || fail 7 "rpm cannot install $url" ;;
	esac
	echo "installed: $url"
}

umask 077
work=$(mktemp -d) || exit 4
trap 'rm -rf "$work"' EXIT
( set -e; main ) >"$work/out" 2>"$work/err"
code=$?
# Systems Manager keeps the first 24,000 and 8,000 characters: the end says why.
tail -c 20000 "$work/out"
tail -c 7000 "$work/err" >&2
exit "$code"
