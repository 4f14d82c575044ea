# One base for all stages. A tag moves; to build the same image again, name what it means today by its digest:
#   docker buildx imagetools inspect node:24-slim --format '{{.Manifest.Digest}}'
#   docker build --build-arg NODE=node:24-slim@sha256:… .
ARG NODE=node:24-slim

FROM ${NODE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM ${NODE} AS dependencies
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM ${NODE}
# Nothing is installed in a running container, and nobody becomes somebody else in it: no package manager of Node, no
# program that runs as its owner.
RUN rm -rf /usr/local/lib/node_modules /opt/yarn-* /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
      /usr/local/bin/yarn /usr/local/bin/yarnpkg \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} +

WORKDIR /opt/reconcile
COPY --from=dependencies /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json LICENSE ./
COPY schemas ./schemas

# customers/, reconcile.yaml, and .reconcile/ with the journal and the secrets. It must outlive the container, and the user
# must be able to write to it; nothing else has to be writable, so that the root may be read-only. Beside the daemon people
# run `docker exec … reconcile status` and the like.
RUN install -d -o 1000 -g 1000 /workspace \
 && chmod 755 dist/cli/main.js \
 && ln -s /opt/reconcile/dist/cli/main.js /usr/local/bin/reconcile
VOLUME /workspace
WORKDIR /workspace
ENV NODE_ENV=production
USER 1000:1000

# Alive is not the same as able to work: /readyz is for whoever sends traffic, and a wrong API key is no reason to restart.
# Only the format "docker" of images knows this; Kubernetes asks by itself (deploy/kustomize/).
ENV RECONCILE_LISTEN=127.0.0.1:9465
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9465/livez').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# Text never becomes code, no signal opens a debugger onto the memory that holds the API key, and no native code is loaded.
ENTRYPOINT ["node", "--disallow-code-generation-from-strings", "--disable-sigusr1", "--no-addons", "/opt/reconcile/dist/cli/main.js"]
CMD ["--watch"]

ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="layers-reconciler" \
      org.opencontainers.image.description="Keeps a partner's customers on the Layers API as files declare them" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
