package ec2movetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// shown is a Region as [Cloud.Snapshot] has it.
type shown struct {
	Instances   []shownInstance
	Images      []types.Image
	Snapshots   []types.Snapshot
	Volumes     []types.Volume
	Groups      []types.SecurityGroup
	KeyPairs    []types.KeyPairInfo
	PrefixLists []shownList
	Addresses   []types.Address
}

type shownInstance struct {
	types.Instance

	UserDataSum              string
	Protected, StopProtected bool
	Shutdown, Credits        string
}

type shownList struct {
	types.ManagedPrefixList

	Entries []types.PrefixListEntry
}

// Snapshot is all that is there, as JSON that is the same for two accounts in the same state, however they came to it: the
// IDs that calls were given are replaced by what the thing is, and times, and addresses that EC2 chose, left out. Terminated
// instances are not in it.
func (c *Cloud) Snapshot() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle()
	regions := map[string]shown{}
	names := map[string]string{}
	for _, region := range sortedKeys(c.regions) {
		r := c.regions[region]
		r.nameAll(names)
		regions[region] = r.show()
	}
	data, err := json.Marshal(regions)
	var tree any
	if err == nil {
		err = json.Unmarshal(data, &tree)
	}
	var out bytes.Buffer
	if err == nil {
		e := json.NewEncoder(&out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		err = e.Encode(canonical(tree, replacer(names), names))
	}
	if err != nil {
		panic(fmt.Sprintf("ec2movetest: %v", err)) // of plain structs, which cannot fail
	}
	return out.String()
}

func (r *region) show() shown {
	var s shown
	for _, x := range r.instances.all {
		if x.state == "terminated" || x.state == "shutting-down" {
			continue
		}
		one := shownInstance{Instance: r.describe(x), Protected: x.protected, StopProtected: x.stopProtected, Shutdown: x.shutdown, Credits: x.credits}
		if x.userData != "" {
			sum := sha256.Sum256([]byte(x.userData))
			one.UserDataSum = hex.EncodeToString(sum[:8])
		}
		s.Instances = append(s.Instances, one)
	}
	for _, im := range r.images.all {
		s.Images = append(s.Images, im.describe(r))
	}
	for _, x := range r.snapshots.all {
		s.Snapshots = append(s.Snapshots, x.describe(r))
	}
	for _, v := range r.volumes.all {
		s.Volumes = append(s.Volumes, v.describe(r))
	}
	for _, g := range r.groups.all {
		s.Groups = append(s.Groups, r.describeGroup(g))
	}
	for _, k := range r.pairs.all {
		s.KeyPairs = append(s.KeyPairs, k.describe(true))
	}
	for _, l := range r.lists.all {
		if l.owner != "AWS" {
			s.PrefixLists = append(s.PrefixLists, shownList{*l.describe(r), l.entries})
		}
	}
	for _, a := range r.addresses.all {
		s.Addresses = append(s.Addresses, r.describeAddress(a))
	}
	return s
}

// nameAll gives everything that a call made the name of what it is.
func (r *region) nameAll(names map[string]string) {
	taken := map[string]int{}
	give := func(m *meta, name string) {
		if !m.fresh {
			return
		}
		name = "<" + r.name + " " + name + ">"
		if taken[name]++; taken[name] > 1 {
			name = fmt.Sprintf("%s#%d", name, taken[name])
		}
		names[m.id] = name
	}
	for _, im := range r.images.all {
		give(&im.meta, "image "+im.name)
		for _, d := range im.devices {
			give(&d.snapshot.meta, "snapshot of "+im.name+" "+d.name)
		}
	}
	for _, s := range r.snapshots.all {
		if _, ok := names[s.id]; !ok {
			give(&s.meta, "snapshot "+tagText(s.tags))
		}
	}
	for _, x := range r.instances.all {
		if x.state == "terminated" || x.state == "shutting-down" {
			continue
		}
		give(&x.meta, "instance "+orElse(x.clientToken, tagText(x.tags)))
		self := orElse(names[x.id], x.id)
		names[x.eni], names[x.attachment], names[x.reservation] = "eni of "+self, "attachment of "+self, "reservation of "+self
		if ip, dns := r.publicOf(x); ip.IsValid() && x.public.IsValid() {
			names[ip.String()], names[dns] = "public address of "+self, "public name of "+self
		}
		for _, d := range x.devices {
			if v, ok := r.volumes.find(d.volume); ok {
				give(&v.meta, "volume "+d.name+" of "+self)
			}
		}
	}
	for _, v := range r.volumes.all {
		if _, ok := names[v.id]; !ok {
			give(&v.meta, "volume "+tagText(v.tags))
		}
	}
	for _, g := range r.groups.all {
		give(&g.meta, "group "+g.vpc+" "+g.name)
	}
	for _, k := range r.pairs.all {
		give(&k.meta, "key pair "+k.name)
	}
	for _, l := range r.lists.all {
		give(&l.meta, "prefix list "+l.name)
	}
	for _, a := range r.addresses.all {
		give(&a.meta, "address "+tagText(a.tags))
		self := orElse(names[a.id], a.id)
		names[a.ip.String()], names[r.dnsName(a.ip)] = "IP of "+self, "name of "+self
		if a.association != "" {
			names[a.association] = "association of " + self
		}
	}
	delete(names, "")
}

func tagText(tags map[string]string) string {
	var b strings.Builder
	for _, key := range sortedKeys(tags) {
		fmt.Fprintf(&b, "%s=%s ", key, tags[key])
	}
	return strings.TrimSpace(b.String())
}

// replacer replaces IDs within texts, such as descriptions. Addresses are replaced only where they are the whole text.
func replacer(names map[string]string) *strings.Replacer {
	var pairs []string
	for _, id := range sortedKeys(names) {
		if p := prefix(id); p != "" && !strings.ContainsAny(id, ".:") {
			pairs = append(pairs, id, names[id])
		}
	}
	return strings.NewReplacer(pairs...)
}

// canonical leaves out what is empty or a time, replaces IDs, and sorts lists.
func canonical(v any, ids *strings.Replacer, names map[string]string) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			switch key {
			case "LaunchTime", "AttachTime", "CreateTime", "CreationDate", "StartTime", "CompletionTime", "Version", "PrivateIpAddress", "PrivateDnsName":
				delete(v, key)
				continue
			}
			if value = canonical(value, ids, names); value == nil {
				delete(v, key)
			} else {
				v[key] = value
			}
		}
		if len(v) == 0 {
			return nil
		}
		return v
	case []any:
		for i := range v {
			v[i] = canonical(v[i], ids, names)
		}
		slices.SortFunc(v, func(a, b any) int {
			left, errLeft := json.Marshal(a)
			right, errRight := json.Marshal(b)
			if errLeft != nil || errRight != nil {
				return 0
			}
			return bytes.Compare(left, right)
		})
		if len(v) == 0 {
			return nil
		}
		return v
	case string:
		if name, ok := names[v]; ok {
			return name
		}
		if v == "" {
			return nil
		}
		return ids.Replace(v)
	case bool:
		if !v {
			return nil
		}
	}
	return v
}
