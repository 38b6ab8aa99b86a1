package cwagent

// InstallScript is the script for a folder in place of /.
func InstallScript(s Source, version, root string) string {
	s.check("us-east-1", func(string, ...any) {})
	return s.script(version, root)
}

// The other scripts, and what reads their output.
var (
	StatusScript  = statusScript
	RestartScript = restartScript
	LogScript     = logScript
	ParseStatus   = parseStatus
	Ended         = ended
	Explain       = explain
)

// InstallScriptIn is the script with the defaults of a Region.
func InstallScriptIn(region string) string {
	var s Source
	s.check(region, func(string, ...any) {})
	return s.script("", "")
}
