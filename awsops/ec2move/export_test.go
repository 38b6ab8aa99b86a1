package ec2move

// CopySnapshot is seen here because no client of the package sends it beside the SDK's own.
var CopySnapshot = copySnapshot
