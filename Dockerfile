# The worker. Build and run it with docker-compose.yml, or against any Kafka:
#   docker build -t fraud-worker . && docker run -e FRAUD_BROKER=kafka://… -p 6066:6066 fraud-worker
FROM python:3.11.13-slim-bookworm

# A compiled wheel is there for everything, so no compiler is needed.
WORKDIR /app
COPY requirements.txt constraints.txt ./
COPY packages packages
RUN pip install --no-cache-dir --prefer-binary -r requirements.txt

RUN useradd --system --uid 10001 --create-home --home-dir /home/worker worker \
    && install --directory --owner=worker /data
COPY . .
USER worker

ENV PYTHONUNBUFFERED=1 \
    FRAUD_WEB_HOST=0.0.0.0
EXPOSE 6066
VOLUME /data

# Python is here, curl is not.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=6 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:6066/health/live', timeout=4)"]

# The worker ends in order at SIGTERM, Docker's default.
CMD ["faust", "-A", "fraud_app", "--datadir", "/data", "worker", "-l", "info", "--web-port", "6066"]
