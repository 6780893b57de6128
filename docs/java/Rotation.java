import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.regex.Pattern;

/** Makes a client secret that lives for an hour, and sees it expire: java Rotation.java */
public class Rotation {
    static final HttpClient client = HttpClient.newHttpClient();
    static final String infisical = System.getenv("INFISICAL_HOST");
    static final String control = System.getenv().getOrDefault("UNDERSTUDY_CONTROL", "http://127.0.0.1:8600/_understudy");

    static HttpResponse<String> post(String url, String body, String... headers) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(url)).header("Content-Type", "application/json");
        if (headers.length > 0) request.headers(headers);
        return client.send(request.POST(HttpRequest.BodyPublishers.ofString(body)).build(), HttpResponse.BodyHandlers.ofString());
    }

    static String value(String name, String json) {
        var found = Pattern.compile("\"" + name + "\":\"([^\"]*)\"").matcher(json);
        if (!found.find()) throw new IllegalStateException("no " + name + " in " + json);
        return found.group(1);
    }

    static HttpResponse<String> login(String secret) throws Exception {
        var id = System.getenv("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID");
        return post(infisical + "/api/v1/auth/universal-auth/login", "{\"clientId\":\"" + id + "\",\"clientSecret\":\"" + secret + "\"}");
    }

    public static void main(String[] arguments) throws Exception {
        var identity = "68d48d5a-d50d-4c30-ab05-0d2f5ff25247"; // the default world's
        var token = value("accessToken", login(System.getenv("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET")).body());
        var made = post(infisical + "/api/v1/auth/universal-auth/identities/" + identity + "/client-secrets",
            "{\"ttl\":3600}", "Authorization", "Bearer " + token);
        var secret = value("clientSecret", made.body());

        System.out.println("new secret: " + login(secret).statusCode());
        post(control + "/clock/advance", "{\"by\":\"61m\"}");
        var refused = login(secret);
        System.out.println("an hour later: " + refused.statusCode());
        System.out.println(refused.headers().firstValue("X-Understudy-Reason").orElse("no reason"));
    }
}
