package transfer

import (
	"strings"

	"github.com/kitroll/kitroll/route53x"
)

// FromMapping is the export of a zone of Aliyun's. Records that become exactly what they were are in Sets alone; those
// that get lost or change are open, as route53x says.
func FromMapping(m *route53x.Mapping) Export {
	e := Export{Records: len(m.Items), Sets: m.Sets}
	for _, it := range m.Items {
		if it.Class == route53x.MapExact && it.Reason == "" {
			continue
		}
		item := Item{
			ID: it.ID, Class: string(it.Class), Name: strings.TrimSuffix(it.Key.Name.ZoneFile(), "."), Type: it.Record.Type,
			Reason: it.Reason, Proposal: it.Proposal,
			Open: it.Class == route53x.MapLossy || it.Class == route53x.MapUnmappable,
		}
		e.Items = append(e.Items, item)
	}
	return e
}
