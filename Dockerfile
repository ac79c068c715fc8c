# Nidan as one static program, which runs as a user without rights.
FROM golang:1.26@sha256:3aff6657219a4d9c14e27fb1d8976c49c29fddb70ba835014f477e1c70636647 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/nidan . && mkdir /out/data

FROM scratch
# Nidan verifies the mail server's certificate with these authorities.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/nidan /nidan
# The folder of the database belongs to the user below.
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
# The database is in this folder, unless the configuration says otherwise (sqlite:nidan.db).
WORKDIR /data
ENV NIDAN_PUBLIC_LISTEN=0.0.0.0:4455 \
    NIDAN_HOOKS_LISTEN=0.0.0.0:4456
VOLUME /data
EXPOSE 4455 4456
HEALTHCHECK --interval=10s --timeout=6s --start-period=10s CMD ["/nidan", "healthcheck"]
ENTRYPOINT ["/nidan"]
CMD ["serve"]
