package zitadel

import (
	appbeta "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/app/v2beta"
	appv2 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/application/v2"
	"google.golang.org/protobuf/proto"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// messageOf is a pointer to a message of a type.
type messageOf[T any] interface {
	*T
	proto.Message
}

// beta is a method of the beta, by that of version 2 which does the same with other
// messages.
func beta[In, Out any, PIn messageOf[In], POut messageOf[Out], New any, PNew messageOf[New], NewOut proto.Message](
	handle func(*kernel.Call, PNew) (NewOut, error),
) func(*kernel.Call, PIn) (POut, error) {
	return func(c *kernel.Call, in PIn) (POut, error) {
		out, err := handle(c, translate(PNew(new(New)), in))
		return translate(POut(new(Out)), out), err
	}
}

// listApplicationsBeta searches the applications of a project.
// https://zitadel.com/docs/reference/api/app/zitadel.app.v2beta.AppService.ListApplications
func (p *Provider) listApplicationsBeta(c *kernel.Call, in *appbeta.ListApplicationsRequest) (*appbeta.ListApplicationsResponse, error) {
	asked := translate(&appv2.ListApplicationsRequest{}, in)
	asked.Filters = []*appv2.ApplicationSearchFilter{{
		Filter: &appv2.ApplicationSearchFilter_ProjectIdFilter{ProjectIdFilter: &appv2.ProjectIDFilter{ProjectId: in.ProjectId}},
	}}
	for _, f := range in.Filters {
		filter := translate(&appv2.ApplicationSearchFilter{}, f)
		kind := appv2.ApplicationType_APPLICATION_TYPE_UNSPECIFIED
		switch f.Filter.(type) {
		case *appbeta.ApplicationSearchFilter_ApiAppOnly:
			kind = appv2.ApplicationType_APPLICATION_TYPE_API
		case *appbeta.ApplicationSearchFilter_OidcAppOnly:
			kind = appv2.ApplicationType_APPLICATION_TYPE_OIDC
		case *appbeta.ApplicationSearchFilter_SamlAppOnly:
			kind = appv2.ApplicationType_APPLICATION_TYPE_SAML
		}
		if kind != 0 {
			filter.Filter = &appv2.ApplicationSearchFilter_TypeFilter{TypeFilter: kind}
		}
		asked.Filters = append(asked.Filters, filter)
	}
	out, err := p.listApplications(c, asked)
	return translate(&appbeta.ListApplicationsResponse{}, out), err
}

// listApplicationKeysBeta searches the keys of an application, a project or an
// organization.
// https://zitadel.com/docs/reference/api/app/zitadel.app.v2beta.AppService.ListApplicationKeys
func (p *Provider) listApplicationKeysBeta(c *kernel.Call, in *appbeta.ListApplicationKeysRequest) (*appbeta.ListApplicationKeysResponse, error) {
	asked := translate(&appv2.ListApplicationKeysRequest{}, in)
	filter := &appv2.ApplicationKeySearchFilter{}
	switch id := in.ResourceId.(type) {
	case *appbeta.ListApplicationKeysRequest_ApplicationId:
		filter.Filter = &appv2.ApplicationKeySearchFilter_ApplicationIdFilter{ApplicationIdFilter: &appv2.ApplicationKeyApplicationIDFilter{ApplicationId: id.ApplicationId}}
	case *appbeta.ListApplicationKeysRequest_ProjectId:
		filter.Filter = &appv2.ApplicationKeySearchFilter_ProjectIdFilter{ProjectIdFilter: &appv2.ApplicationKeyProjectIDFilter{ProjectId: id.ProjectId}}
	case *appbeta.ListApplicationKeysRequest_OrganizationId:
		filter.Filter = &appv2.ApplicationKeySearchFilter_OrganizationIdFilter{OrganizationIdFilter: &appv2.ApplicationKeyOrganizationIDFilter{OrganizationId: id.OrganizationId}}
	}
	asked.Filters = append(asked.Filters, filter)
	out, err := p.listApplicationKeys(c, asked)
	return translate(&appbeta.ListApplicationKeysResponse{}, out), err
}
