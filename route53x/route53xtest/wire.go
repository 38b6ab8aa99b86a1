package route53xtest

import (
	"encoding/xml"
	"time"
)

const namespace = "https://route53.amazonaws.com/doc/2013-04-01/"

// The documents of the API. Where a field may be missing, it is a pointer.
type (
	wireSet struct {
		Name                    string
		Type                    string
		SetIdentifier           *string
		Weight                  *int64
		Region                  *string
		GeoLocation             *wireGeo
		Failover                *string
		MultiValueAnswer        *bool
		TTL                     *int64
		ResourceRecords         *wireRecords
		AliasTarget             *wireAlias
		HealthCheckId           *string //nolint:revive // as the document spells it
		TrafficPolicyInstanceId *string //nolint:revive // as the document spells it
		CidrRoutingConfig       *wireCIDR
		GeoProximityLocation    *wireProximity
	}
	wireRecords struct {
		ResourceRecord []wireRecord
	}
	wireRecord struct{ Value string }
	wireAlias  struct {
		HostedZoneId         string //nolint:revive // as the document spells it
		DNSName              string
		EvaluateTargetHealth bool
	}
	wireGeo struct {
		ContinentCode   *string
		CountryCode     *string
		SubdivisionCode *string
	}
	wireCIDR struct {
		CollectionId string //nolint:revive // as the document spells it
		LocationName string
	}
	wireProximity struct {
		AWSRegion      *string
		LocalZoneGroup *string
		Coordinates    *wireCoordinates
		Bias           *int32
	}
	wireCoordinates struct{ Latitude, Longitude string }

	wireChange struct {
		Action            string
		ResourceRecordSet wireSet
	}
	changeRequest struct {
		XMLName     xml.Name `xml:"ChangeResourceRecordSetsRequest"`
		ChangeBatch struct {
			Comment string
			Changes struct{ Change []wireChange }
		}
	}
	changeInfo struct {
		Id          string //nolint:revive // as the document spells it
		Status      string
		SubmittedAt time.Time
		Comment     string `xml:",omitempty"`
	}
	changeResponse struct {
		XMLName    xml.Name
		ChangeInfo changeInfo
	}
	listResponse struct {
		XMLName              xml.Name `xml:"ListResourceRecordSetsResponse"`
		ResourceRecordSets   struct{ ResourceRecordSet []wireSet }
		IsTruncated          bool
		NextRecordName       *string
		NextRecordType       *string
		NextRecordIdentifier *string
		MaxItems             int
	}

	wireVPC struct {
		VPCRegion string
		VPCId     string //nolint:revive // as the document spells it
	}
	wireConfig struct {
		Comment     string `xml:",omitempty"`
		PrivateZone bool
	}
	createZoneRequest struct {
		XMLName          xml.Name `xml:"CreateHostedZoneRequest"`
		Name             string
		VPC              *wireVPC
		CallerReference  string
		HostedZoneConfig *wireConfig
		DelegationSetId  *string //nolint:revive // as the document spells it
	}
	wireZone struct {
		Id                     string //nolint:revive // as the document spells it
		Name                   string
		CallerReference        string
		Config                 wireConfig
		ResourceRecordSetCount int
	}
	wireDelegation struct {
		NameServers struct{ NameServer []string }
	}
	wireVPCs     struct{ VPC []wireVPC }
	zoneResponse struct {
		XMLName       xml.Name
		HostedZone    wireZone
		ChangeInfo    *changeInfo
		DelegationSet *wireDelegation
		VPC           *wireVPC
		VPCs          *wireVPCs
	}
	zonesResponse struct {
		XMLName          xml.Name `xml:"ListHostedZonesByNameResponse"`
		HostedZones      struct{ HostedZone []wireZone }
		DNSName          *string
		HostedZoneId     *string //nolint:revive // as the document spells it
		IsTruncated      bool
		NextDNSName      *string
		NextHostedZoneId *string //nolint:revive // as the document spells it
		MaxItems         int
	}
	limitResponse struct {
		XMLName xml.Name `xml:"GetHostedZoneLimitResponse"`
		Limit   struct {
			Type  string
			Value int
		}
		Count int
	}
	errorResponse struct {
		XMLName   xml.Name `xml:"ErrorResponse"`
		Error     wireError
		RequestId string //nolint:revive // as the document spells it
	}
	wireError struct{ Type, Code, Message string }
)

func named(root string) xml.Name { return xml.Name{Space: namespace, Local: root} }
