package highwater.facts;

/** Turns Java's names into the names of the schema files. */
final class Names {
    private Names() {}

    /** "topicId" and "TopicId" become "topic_id"; a run of capitals counts as one word. */
    static String snake(String camel) {
        StringBuilder out = new StringBuilder();
        boolean afterCapital = true;
        for (char c : camel.toCharArray()) {
            boolean capital = Character.isUpperCase(c);
            if (capital && !afterCapital) {
                out.append('_');
            }
            out.append(Character.toLowerCase(c));
            afterCapital = capital;
        }
        return out.toString();
    }
}
