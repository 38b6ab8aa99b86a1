package ec2move

// keyFor is the key that a volume is encrypted with in the new Region, by what it has now, and "" when none was asked for: then
// a volume that is encrypted gets the Region's default key for EBS, and another stays as it is, unless the account encrypts by
// default there.
func (s Spec) keyFor(encrypted bool, key string) string {
	if encrypted && key != "" && s.To.KMSKey[key] != "" {
		return s.To.KMSKey[key]
	}
	return s.To.KMSKey[""]
}

// copyKey is the key of the copied image. CopyImage takes one for all snapshots, so there is one when all volumes are to have
// the same. uniform is false when they differ: then encrypted snapshots are copied under the Region's default key for EBS, which
// costs nothing and needs no grant, and RunInstances gives each volume its own, as it makes it.
func copyKey(spec Spec, source Source) (key string, uniform bool) {
	for i, d := range source.Devices {
		k := spec.keyFor(d.Encrypted, d.KMSKey)
		if i > 0 && k != key {
			return "", false
		}
		key = k
	}
	return key, true
}
