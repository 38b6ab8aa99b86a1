package cwagent

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"

	"github.com/kitroll/kitroll/awsops"
)

// Fingerprint is that of the key with which AWS signs the packages of the agent, 3B789C72 (CloudWatch user guide, "Verify the
// signature of the CloudWatch agent package"; read 2026-11). Compare it with that page before relying on it, and set
// [Source].Fingerprint where it differs.
const Fingerprint = "937616F3450B7D806CBD9725D58167303B789C72"

// Source is where the script gets the package. The zero value is AWS's own bucket.
type Source struct {
	BaseURL     string // below it: "ubuntu/arm64/latest/amazon-cloudwatch-agent.deb"; in China the bucket of the Region
	KeyURL      string // the public key; default "assets/amazon-cloudwatch-agent.gpg" in AWS's bucket (unverified)
	Fingerprint string // of the key: no other is taken, wherever it came from; default [Fingerprint]
}

const bucket = "amazoncloudwatch-agent"

var (
	urlForm         = regexp.MustCompile(`^https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/+-]*)?$`)
	fingerprintForm = regexp.MustCompile(`^[0-9A-F]{40}([0-9A-F]{24})?$`)
)

// check fills in the defaults. What is let through may stand in single quotes in a script.
func (s *Source) check(region string, bad func(string, ...any)) {
	if s.BaseURL == "" {
		s.BaseURL = "https://" + bucket + ".s3.amazonaws.com"
		if p := awsops.PartitionOf(region); p == awsops.China {
			s.BaseURL = "https://" + bucket + "-" + region + ".s3." + region + "." + p.Domain()
		}
	}
	s.BaseURL = strings.TrimSuffix(s.BaseURL, "/")
	if s.KeyURL == "" {
		s.KeyURL = s.BaseURL + "/assets/amazon-cloudwatch-agent.gpg"
	}
	if s.Fingerprint == "" {
		s.Fingerprint = Fingerprint
	}
	s.Fingerprint = strings.ToUpper(strings.ReplaceAll(s.Fingerprint, " ", ""))
	if !urlForm.MatchString(s.BaseURL) {
		bad("Source.BaseURL: %q is no plain https address", s.BaseURL)
	}
	if !urlForm.MatchString(s.KeyURL) {
		bad("Source.KeyURL: %q is no plain https address", s.KeyURL)
	}
	if !fingerprintForm.MatchString(s.Fingerprint) {
		bad("Source.Fingerprint: %q is not 40 hexadecimal digits", s.Fingerprint)
	}
}

//go:embed install.sh
var installScript string

// script is the installation for /bin/sh. root is a folder in place of /, for tests.
func (s Source) script(version, root string) string {
	if version == "" {
		version = "latest"
	}
	return fmt.Sprintf("# cwagent: install\nroot='%s'\nbase='%s'\nkey='%s'\nfingerprint='%s'\nversion='%s'\n", root, s.BaseURL, s.KeyURL, s.Fingerprint, version) + installScript
}

// Exit codes of the scripts.
const (
	exitUnsupported  = 3
	exitMissing      = 4
	exitSignature    = 5
	exitDownload     = 6
	exitInstallation = 7
	exitUnconfigured = 8
	exitNotInstalled = 9
)

const agentRoot = "/opt/aws/amazon-cloudwatch-agent"

// shellHead finds the agent.
func shellHead(name, root string) string {
	return fmt.Sprintf(`# cwagent: %s
agent='%s%s'
ctl="$agent/bin/amazon-cloudwatch-agent-ctl"
if [ ! -x "$ctl" ]; then
	echo "there is no $ctl" >&2
	exit %d
fi
`, name, root, agentRoot, exitNotInstalled)
}

func statusScript(root string) string { return shellHead("status", root) + "\"$ctl\" -a status\n" }

// restartScript does not start an agent that is not configured: it would apply a configuration of its own, and bill for it.
func restartScript(root string) string {
	return shellHead("restart", root) + fmt.Sprintf(`if ! "$ctl" -a status | grep -Eq '"configstatus"[[:space:]]*:[[:space:]]*"configured"'; then
	echo "to start it would apply its default configuration" >&2
	exit %d
fi
"$ctl" -a stop
"$ctl" -a start
`, exitUnconfigured)
}

// logScript prints the end of the log. Systems Manager keeps the first 24,000 characters of an output and drops the rest, which
// is the newest: so the end is cut out here, in bytes, of which there are never fewer.
func logScript(root string, lines int) string {
	return shellHead("log", root) + fmt.Sprintf(`log="$agent/logs/amazon-cloudwatch-agent.log"
if [ ! -f "$log" ]; then
	echo "there is no $log yet" >&2
	exit 0
fi
lines=%d
tail -n "$lines" "$log" | tail -c %d
`, lines, maxOutput)
}

const maxOutput = 23_000

// shellParams are those of AWS-RunShellScript and AWS-RunPowerShellScript.
func shellParams(script string) map[string][]string {
	return map[string][]string{"commands": strings.Split(strings.TrimSuffix(script, "\n"), "\n"), "executionTimeout": {"1800"}}
}

// The same for Windows (ctl.ps1 and its folder: sheet of the user guide; unverified).
const (
	windowsHead = `# cwagent: %s
$ctl = "$Env:ProgramFiles\Amazon\AmazonCloudWatchAgent\amazon-cloudwatch-agent-ctl.ps1"
if (-not (Test-Path $ctl)) { [Console]::Error.WriteLine("there is no $ctl"); exit 9 }
`
	windowsStatus  = "& $ctl -a status\n"
	windowsRestart = `$s = (& $ctl -a status | Out-String | ConvertFrom-Json)
if ($s.configstatus -ne "configured") { [Console]::Error.WriteLine("to start it would apply its default configuration"); exit 8 }
& $ctl -a stop
& $ctl -a start
`
	windowsLog = `$log = "$Env:ProgramData\Amazon\AmazonCloudWatchAgent\Logs\amazon-cloudwatch-agent.log"
if (-not (Test-Path $log)) { [Console]::Error.WriteLine("there is no $log yet"); exit 0 }
$lines = %d
$t = (Get-Content -Tail $lines $log) -join "` + "`n" + `"
if ($t.Length -gt %d) { $t = $t.Substring($t.Length - %d) }
[Console]::Out.Write($t)
`
)

// kindOfExit is what an exit code of the scripts means, nil for another.
func kindOfExit(code int) error {
	switch code {
	case exitSignature:
		return ErrSignature
	case exitUnconfigured:
		return ErrNotConfigured
	case exitNotInstalled:
		return ErrNotInstalled
	case exitUnsupported:
		return errUnsupported
	}
	return nil
}
