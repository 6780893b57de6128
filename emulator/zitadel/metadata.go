package zitadel

import (
	"bytes"

	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	metadatav1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/metadata"
	objectv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/object"
	"google.golang.org/protobuf/proto"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// metadata is a value that clients keep at a user or an organization.
type metadata struct {
	stamp
	OwnerID, Key string
	Value        []byte
}

func (m metadata) key() string { return m.OwnerID + "/" + m.Key }

func (m metadata) message(orgID string) *metadatav1.Metadata {
	return &metadatav1.Metadata{Details: m.details(orgID), Key: m.Key, Value: m.Value}
}

// setMetadata stores a value. In is the request, whose bounds of bytes no document
// can say.
func (p *Provider) setMetadata(c *kernel.Call, in proto.Message, owner, key string, value []byte) (*objectv1.ObjectDetails, error) {
	if broken := validate(in.ProtoReflect()); broken != "" {
		return nil, refuse(invalidArgument, "", broken).Because("against the descriptors: %s", broken)
	}
	m := metadata{OwnerID: owner, Key: key}
	known, ok := p.metadata.Get(c.Tx, m.key())
	if ok && bytes.Equal(known.Value, value) {
		return nil, refuse(failedPrecondition, "", noChanges).Because("%q has that value already", key)
	}
	m.stamp, m.Value = known.stamp, value
	m.touch(m.Sequence+1, c.Now)
	p.metadata.Put(c.Tx, m.key(), m)
	return changed(c, m.Sequence, orgOf(c)), nil
}

// sentMetadata is a value as requests of version 2 have it.
type sentMetadata interface {
	proto.Message
	GetKey() string
	GetValue() []byte
}

// setAll stores values. What is so already is no change.
func setAll[M sentMetadata](p *Provider, c *kernel.Call, owner string, sent []M) error {
	for _, m := range sent {
		if _, err := p.setMetadata(c, m, owner, m.GetKey(), m.GetValue()); err != nil && !isNoChange(err) {
			return err
		}
	}
	return nil
}

// hasMetadata reports whether an owner has a value that fits.
func (p *Provider) hasMetadata(c *kernel.Call, owner string, fits func(metadata) bool) bool {
	for _, m := range p.metadataBy.All(c.Tx, owner) {
		if fits(m) {
			return true
		}
	}
	return false
}

// metadataOf returns a value.
func (p *Provider) metadataOf(c *kernel.Call, owner, key string) (metadata, error) {
	m, ok := p.metadata.Get(c.Tx, metadata{OwnerID: owner, Key: key}.key())
	if !ok {
		return m, refuse(notFound, "", metadataNotFound).Because("%s has no metadata %q", owner, key)
	}
	return m, nil
}

// dropMetadata takes a value away.
func (p *Provider) dropMetadata(c *kernel.Call, owner, key string) (*objectv1.ObjectDetails, error) {
	m, err := p.metadataOf(c, owner, key)
	p.metadata.Delete(c.Tx, m.key())
	return changed(c, m.Sequence+1, orgOf(c)), err
}

// listMetadata searches the values of an owner.
func (p *Provider) listMetadata(c *kernel.Call, owner string, q query, conditions []*metadatav1.MetadataQuery) (*page[*metadatav1.Metadata], error) {
	page, err := newPage[*metadatav1.Metadata](q)
	if err != nil {
		return nil, err
	}
	holds := func(m metadata, q *metadatav1.MetadataQuery) bool {
		return q.GetKeyQuery() == nil || matches(m.Key, q.GetKeyQuery().Key, q.GetKeyQuery().Method)
	}
	for _, m := range p.metadataBy.All(c.Tx, owner) {
		if all(conditions, m, holds) {
			page.processed(m.Sequence)
			page.add(m.message(orgOf(c)))
		}
	}
	return page, nil
}

// owner refuses a user that is not of the organization.
func (p *Provider) owner(c *kernel.Call, userID string) error {
	if _, ok := p.user(c, userID); !ok {
		return refuse(notFound, "", userNotFound).Because("%s", p.whyNoUser(c, userID))
	}
	return nil
}

// setUserMetadata stores a value at a user.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.SetUserMetadata
func (p *Provider) setUserMetadata(c *kernel.Call, in *management.SetUserMetadataRequest) (*management.SetUserMetadataResponse, error) {
	if err := p.owner(c, in.Id); err != nil {
		return nil, err
	}
	details, err := p.setMetadata(c, in, in.Id, in.Key, in.Value)
	return &management.SetUserMetadataResponse{Id: in.Id, Details: details}, err
}

// getUserMetadata returns a value of a user.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetUserMetadata
func (p *Provider) getUserMetadata(c *kernel.Call, in *management.GetUserMetadataRequest) (*management.GetUserMetadataResponse, error) {
	if err := p.owner(c, in.Id); err != nil {
		return nil, err
	}
	m, err := p.metadataOf(c, in.Id, in.Key)
	return &management.GetUserMetadataResponse{Metadata: m.message(orgOf(c))}, err
}

// removeUserMetadata takes a value of a user away.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveUserMetadata
func (p *Provider) removeUserMetadata(c *kernel.Call, in *management.RemoveUserMetadataRequest) (*management.RemoveUserMetadataResponse, error) {
	if err := p.owner(c, in.Id); err != nil {
		return nil, err
	}
	details, err := p.dropMetadata(c, in.Id, in.Key)
	return &management.RemoveUserMetadataResponse{Details: details}, err
}

// listUserMetadata searches the values of a user.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListUserMetadata
func (p *Provider) listUserMetadata(c *kernel.Call, in *management.ListUserMetadataRequest) (*management.ListUserMetadataResponse, error) {
	if err := p.owner(c, in.Id); err != nil {
		return nil, err
	}
	page, err := p.listMetadata(c, in.Id, in.Query, in.Queries)
	if err != nil {
		return nil, err
	}
	return &management.ListUserMetadataResponse{Details: page.details(c), Result: page.rows}, nil
}

// setOrgMetadata stores a value at the organization.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.SetOrgMetadata
func (p *Provider) setOrgMetadata(c *kernel.Call, in *management.SetOrgMetadataRequest) (*management.SetOrgMetadataResponse, error) {
	details, err := p.setMetadata(c, in, orgOf(c), in.Key, in.Value)
	return &management.SetOrgMetadataResponse{Details: details}, err
}

// getOrgMetadata returns a value of the organization.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetOrgMetadata
func (p *Provider) getOrgMetadata(c *kernel.Call, in *management.GetOrgMetadataRequest) (*management.GetOrgMetadataResponse, error) {
	m, err := p.metadataOf(c, orgOf(c), in.Key)
	return &management.GetOrgMetadataResponse{Metadata: m.message(orgOf(c))}, err
}

// removeOrgMetadata takes a value of the organization away.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveOrgMetadata
func (p *Provider) removeOrgMetadata(c *kernel.Call, in *management.RemoveOrgMetadataRequest) (*management.RemoveOrgMetadataResponse, error) {
	details, err := p.dropMetadata(c, orgOf(c), in.Key)
	return &management.RemoveOrgMetadataResponse{Details: details}, err
}

// listOrgMetadata searches the values of the organization.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListOrgMetadata
func (p *Provider) listOrgMetadata(c *kernel.Call, in *management.ListOrgMetadataRequest) (*management.ListOrgMetadataResponse, error) {
	page, err := p.listMetadata(c, orgOf(c), in.Query, in.Queries)
	if err != nil {
		return nil, err
	}
	return &management.ListOrgMetadataResponse{Details: page.details(c), Result: page.rows}, nil
}
