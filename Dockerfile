# syntax=docker/dockerfile:1

FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM node:24-slim AS dependencies
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-slim
LABEL org.opencontainers.image.title="layers-reconciler" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production
WORKDIR /opt/reconcile
COPY --from=dependencies /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json LICENSE ./
COPY schemas ./schemas

# customers/, reconcile.yaml, and .reconcile/ with the journal and the secrets. It must outlive the container, and uid 1000
# must be able to write to it; nothing else has to be writable, so that the root may be read-only.
RUN install -d -o 1000 -g 1000 /workspace
VOLUME /workspace
WORKDIR /workspace
USER 1000:1000

# Alive is not the same as able to work: /readyz is for whoever sends traffic, and a wrong API key is no reason to restart.
ENV RECONCILE_LISTEN=127.0.0.1:9465
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9465/livez').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

ENTRYPOINT ["node", "/opt/reconcile/dist/cli/main.js"]
CMD ["--watch"]
