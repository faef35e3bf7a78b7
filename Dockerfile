# Waymark in a container: docker build -t waymark . && docker run -p 8080:8080 -v waymark-data:/data --env-file .env waymark
# The guide to deployment, docs/guide/deployment.md, says what it needs and how to upgrade it.

FROM node:22-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts ./scripts
COPY src ./src
COPY web ./web
COPY clients ./clients
RUN npm run build
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:22-bookworm-slim
WORKDIR /app
ENV ENV=production
ENV DATA_DIR=/data
ENV PORT=8080
RUN install -d -o node -g node -m 0700 /data
COPY package.json LICENSE ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
USER node
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/waymark.cjs"]
CMD ["serve"]
