package route53x

import "cmp"

// The limits of Route 53, read 2026-11. They can be raised for an account or change for all: see [Limits].
const (
	MaxBatchElements  = 1000   // values in one ChangeResourceRecordSets; those of an UPSERT count twice
	MaxBatchChars     = 32_000 // characters of these values, counted likewise
	MaxValuesPerSet   = 400    // unverified; 100 until 2017
	MaxSetsPerZone    = 10_000 // without a raised quota
	MaxCharsPerTXT    = 4000   // of one value as it is sent; unverified
	defaultPercentage = 0.3
)

// Limits replaces the constants; 0 is the constant.
type Limits struct {
	BatchElements int `json:"batchElements,omitempty"`
	BatchChars    int `json:"batchChars,omitempty"`
	ValuesPerSet  int `json:"valuesPerSet,omitempty"`
	SetsPerZone   int `json:"setsPerZone,omitempty"`
	CharsPerTXT   int `json:"charsPerTxt,omitempty"`
}

func (l Limits) orDefaults() Limits {
	return Limits{
		BatchElements: cmp.Or(l.BatchElements, MaxBatchElements),
		BatchChars:    cmp.Or(l.BatchChars, MaxBatchChars),
		ValuesPerSet:  cmp.Or(l.ValuesPerSet, MaxValuesPerSet),
		SetsPerZone:   cmp.Or(l.SetsPerZone, MaxSetsPerZone),
		CharsPerTXT:   cmp.Or(l.CharsPerTXT, MaxCharsPerTXT),
	}
}
