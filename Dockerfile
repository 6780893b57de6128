# A static binary on an empty image. Stop it with SIGTERM; it drains and exits 0.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /understudy ./cmd/understudy

FROM scratch
COPY --from=build /understudy /understudy
# For scanners, which look up the modules of a binary without debug information.
COPY --from=build /src/go.mod /src/go.sum /
USER 65532:65532
ENV UNDERSTUDY_LISTEN=0.0.0.0:8600
EXPOSE 8600-8604
HEALTHCHECK --interval=5s --timeout=4s --start-period=5s CMD ["/understudy", "healthcheck"]
ENTRYPOINT ["/understudy"]
